// What a power cut may leave of the simulated disk, and what never.
#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "platform/chance.h"
#include "platform/sim_files_test.h"

namespace leat::platform {
namespace {

constexpr std::size_t sector = 512;

// What a crash may leave of one sector: old, new, one part of each, or zeros where it was changed.
bool explainable(std::string_view found, std::string_view before, std::string_view after) {
  if (found == before || found == after) return true;
  std::string zeros(after);
  for (std::size_t i = 0; i < zeros.size(); ++i) zeros[i] = before[i] == after[i] ? after[i] : '\0';
  if (found == zeros) return true;
  for (std::size_t k = 1; k < found.size(); ++k) {
    if (found.substr(0, k) == before.substr(0, k) && found.substr(k) == after.substr(k)) return true;
    if (found.substr(0, k) == after.substr(0, k) && found.substr(k) == before.substr(k)) return true;
  }
  return false;
}

// A file and what is known of it: what the disk surely holds, what programs see, the smallest size since the last sync.
struct Known {
  std::string durable, now;
  std::size_t low = 0;
};

void change_at_random(File& file, Known& known, Chance& chance) {
  const std::size_t at = chance.below(10 * sector);
  if (chance.toss(64)) {
    ASSERT_TRUE(file.truncate(at));
    known.now.resize(at);
    known.low = std::min(known.low, at);
  } else if (chance.toss(32)) {
    ASSERT_TRUE(file.sync());
    known.durable = known.now;
    known.low = known.now.size();
  } else {
    const std::string bytes(1 + chance.below(3 * sector), static_cast<char>('a' + chance.below(26)));
    ASSERT_TRUE(file.write_at(at, bytes));
    known.now.resize(std::max(known.now.size(), at + bytes.size()));
    known.now.replace(at, bytes.size(), bytes);
  }
}

void expect_explainable(const std::string& found, Known known) {
  ASSERT_GE(found.size(), known.low);
  ASSERT_LE(found.size(), std::max(known.durable.size(), known.now.size()));
  known.durable.resize(found.size());  // what is beyond an end is zeros
  known.now.resize(found.size());
  for (std::size_t at = 0; at < found.size(); at += sector) {
    ASSERT_TRUE(explainable(std::string_view(found).substr(at, sector),
                            std::string_view(known.durable).substr(at, sector),
                            std::string_view(known.now).substr(at, sector)))
        << "sector at " << at;
  }
}

TEST(SimFilesCrash, LeavesOfEachSectorOnlyWhatADiskMayLeave) {
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Chance chance(seed);
    SimFiles disk(seed);
    const std::string first(chance.below(8 * sector), 'o');
    auto file = make_durable(disk, "f", first);
    Known known{first, first, first.size()};
    for (int crash = 0; crash < 4; ++crash) {
      for (std::uint64_t changes = chance.below(8); changes > 0; --changes) change_at_random(*file, known, chance);
      ASSERT_EQ(content(disk, "f"), known.now);
      power_cut(disk);
      const std::string found = content(disk, "f");
      ASSERT_NO_FATAL_FAILURE(expect_explainable(found, known));
      known = {found, found, found.size()};  // what a crash has left stays
      file = *disk.open("f", Open::write);
    }
  }
}

TEST(SimFilesCrash, NeverTouchesWhatWasSynced) {
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Chance chance(seed);
    SimFiles disk(seed);
    auto file = make_durable(disk, "f", "");
    std::string synced, written;
    for (int i = 0; i < 20; ++i) {  // appends that share sectors with what is synced already
      const std::string bytes(1 + chance.below(700), static_cast<char>('a' + i));
      ASSERT_TRUE(file->write_at(written.size(), bytes));
      written += bytes;
      if (chance.toss(128)) {
        ASSERT_TRUE(file->sync());
        synced = written;
      }
      if (chance.toss(32)) {
        power_cut(disk);
        written = content(disk, "f");
        ASSERT_EQ(written.substr(0, synced.size()), synced);
        synced = written;  // what a crash has left stays
        file = *disk.open("f", Open::write);
      }
    }
    power_cut(disk);
    ASSERT_EQ(content(disk, "f").substr(0, synced.size()), synced);
  }
}

TEST(SimFilesCrash, ReachesEveryMixtureOfSectors) {
  const auto program = [](SimFiles& disk) {
    const auto file = make_durable(disk, "f", std::string(3 * sector, 'o'));
    ASSERT_TRUE(file->write_at(0, std::string(3 * sector, 'n')));
  };
  const auto seen = fates(program, [](SimFiles& disk) {
    const std::string found = content(disk, "f");
    std::string kinds;
    for (std::size_t at = 0; at < found.size(); at += sector) {
      const std::string part = found.substr(at, sector);
      const auto all = [&](char c) { return part == std::string(sector, c); };
      kinds += all('o') ? 'o' : all('n') ? 'n' : all('\0') ? 'z' : 't';
    }
    return kinds;
  });
  for (const char* kinds : {"ooo", "oon", "ono", "onn", "noo", "non", "nno", "nnn"})
    EXPECT_TRUE(seen.contains(kinds)) << kinds;
  const auto some = [&](char kind) {
    return std::ranges::any_of(seen, [&](const auto& one) { return one.first.find(kind) != std::string::npos; });
  };
  EXPECT_TRUE(some('t'));
  EXPECT_TRUE(some('z'));
}

TEST(SimFilesCrash, NamesAreLostAsPosixAllows) {
  struct Case {
    const char* name;
    std::function<void(SimFiles&)> program;
    std::set<std::string> left;
  };
  const Case cases[] = {
      {"a created name needs its folder's sync, however synced the content",
       [](SimFiles& d) {
         auto file = make(d, "a");
         (void)file->write_at(0, "x");
         (void)file->sync();
       },
       {"", "a"}},
      {"a synced name stays", [](SimFiles& d) { make(d, "a"), (void)d.sync_directory("/"); }, {"a"}},
      {"two names are lost each by itself", [](SimFiles& d) { make(d, "a"), make(d, "b"); }, {"", "a", "b", "a b"}},
      {"a rename is whole or not at all",
       [](SimFiles& d) {
         make_durable(d, "a", "x");
         (void)d.rename("a", "b");
       },
       {"a", "b"}},
      {"a synced rename carries the create before it",
       [](SimFiles& d) {
         make(d, "a");
         (void)d.rename("a", "b");
         (void)d.sync_directory("/");
       },
       {"b"}},
      {"one name's changes are lost from the end",
       [](SimFiles& d) {
         make(d, "a");
         (void)d.remove("a");
         make(d, "a");
         (void)d.rename("a", "b");
       },
       {"", "a", "b"}},
      {"a later change needs the earlier ones of its names",
       [](SimFiles& d) {
         make(d, "a");
         (void)d.rename("a", "b");
         (void)d.rename("b", "c");
       },
       {"", "a", "b", "c"}},
      {"a removed name may come back", [](SimFiles& d) { make_durable(d, "a", "x"), (void)d.remove("a"); }, {"", "a"}},
      {"a sync of another folder covers nothing here",
       [](SimFiles& d) {
         (void)d.make_directory("d");
         (void)d.sync_directory("/");
         make(d, "a");
         (void)d.sync_directory("d");
       },
       {"d", "a d"}},
      {"a folder's sync does not keep the folder itself",
       [](SimFiles& d) {
         (void)d.make_directory("d");
         make(d, "d/a");
         (void)d.sync_directory("d");
       },
       {"", "d"}},
  };
  for (const auto& [name, program, left] : cases) EXPECT_EQ(names_of(fates(program, present, 300)), left) << name;
}

TEST(SimFilesCrash, ARenameBetweenFoldersIsWholeAndDurableByEither) {
  const auto look = [](SimFiles& disk) {
    return fmt::format("{} {}", content(disk, "from/a") == "x", content(disk, "to/a") == "x");
  };
  for (const char* synced : {"", "from", "to"}) {
    const auto seen = fates(
        [&](SimFiles& disk) {
          (void)disk.make_directory("from"), (void)disk.make_directory("to");
          make_durable(disk, "from/a", "x");
          (void)disk.sync_directory("from");
          (void)disk.rename("from/a", "to/a");
          if (*synced) (void)disk.sync_directory(synced);
        },
        look, 300);
    const auto expected =
        *synced ? std::set<std::string>{"false true"} : std::set<std::string>{"false true", "true false"};
    EXPECT_EQ(names_of(seen), expected) << synced;
  }
}

TEST(SimFilesCrash, ASyncedRenameTakesTheNameOutOfAFolderThatWasNotSynced) {
  const auto seen = fates(
      [](SimFiles& disk) {
        (void)disk.make_directory("from"), (void)disk.make_directory("to"), (void)disk.sync_directory("/");
        make(disk, "from/a");
        (void)disk.rename("from/a", "to/a");
        (void)disk.sync_directory("to");
      },
      [](SimFiles& disk) { return fmt::format("{} {}", *disk.exists("from/a"), *disk.exists("to/a")); }, 300);
  EXPECT_EQ(names_of(seen), std::set<std::string>{"false true"});
}

TEST(SimFilesCrash, ReplaceFileLeavesOldOrNewAtEveryPoint) {
  std::set<std::string> seen;
  for (std::uint64_t point = 1; point <= 7; ++point) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      SCOPED_TRACE(fmt::format("seed {}, crash at {}", seed, point));
      SimFiles disk(seed);
      const std::string before(700, 'o'), after(1500, 'n');
      make_durable(disk, "f", before);
      disk.crash_after(point);
      const bool done = replace_file(disk, "f", after).has_value();
      EXPECT_EQ(disk.crashed(), !done);
      power_cut(disk);
      const std::string found = content(disk, "f");
      ASSERT_TRUE(found == after || (found == before && !done)) << found;
      seen.insert(found);
    }
  }
  EXPECT_EQ(seen.size(), 2u);
}

TEST(SimFilesCrash, TruncationMayBeUndoneUntilSynced) {
  const std::string full(3'000, 'f');
  const auto look = [&](SimFiles& disk) {
    const std::string found = content(disk, "f");
    EXPECT_GE(found.size(), 100u);
    EXPECT_EQ(found.substr(0, 100), full.substr(0, 100));
    return std::string(found == full ? "full" : found.size() == 100 ? "cut" : "between");
  };
  const auto cut = [&](bool synced) {
    return [&full, synced](SimFiles& disk) {
      const auto file = make_durable(disk, "f", full);
      ASSERT_TRUE(file->truncate(100));
      if (synced) {
        ASSERT_TRUE(file->sync());
      }
    };
  };
  EXPECT_EQ(names_of(fates(cut(false), look)), (std::set<std::string>{"full", "cut", "between"}));
  EXPECT_EQ(names_of(fates(cut(true), look)), std::set<std::string>{"cut"});
}

TEST(SimFilesCrash, AnySizeSinceTheLastSyncMayBeTheOneThatIsLeft) {
  const auto seen = fates(
      [](SimFiles& disk) {
        const auto file = make_durable(disk, "f", std::string(600, 'o'));
        ASSERT_TRUE(file->truncate(0) && file->write_at(0, std::string(700, 'n')));
      },
      [](SimFiles& disk) { return std::to_string(content(disk, "f").size()); });
  for (const char* size : {"0", "600", "700"}) EXPECT_TRUE(seen.contains(size)) << size;
  EXPECT_GT(seen.size(), 100u);
}

}  // namespace
}  // namespace leat::platform
