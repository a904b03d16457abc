// The faults that the simulated disk plays on command.
#include "platform/sim_files_test.h"

#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leat::platform {
namespace {

TEST(SimFiles, EveryCallFailsFromTheCrashPointToTheRestart) {
  SimFiles disk(1);
  auto file = make_durable(disk, "f", "old");
  disk.crash_after(2);
  EXPECT_TRUE(file->write_at(0, "new"));
  EXPECT_FALSE(disk.crashed());
  EXPECT_EQ(file->sync().error().code, Code::io);
  EXPECT_TRUE(disk.crashed());
  char byte;
  EXPECT_EQ(file->read_at(0, &byte, 1).error().code, Code::io);
  EXPECT_EQ(file->size().error().code, Code::io);
  EXPECT_EQ(disk.open("f", Open::read).error().code, Code::io);
  EXPECT_EQ(disk.exists("f").error().code, Code::io);
  EXPECT_EQ(disk.list("/").error().code, Code::io);
  EXPECT_EQ(disk.lock("l").error().code, Code::io);
  disk.restart();
  EXPECT_EQ(file->read_at(0, &byte, 1).error().code, Code::io) << "opened before the crash";
  EXPECT_EQ(content(disk, "f").size(), 3u);
}

TEST(SimFiles, CountsChangingCallsOnly) {
  SimFiles disk(1);
  const auto counted = [&](auto call) {
    const std::uint64_t before = disk.operations();
    (void)call();
    return disk.operations() - before;
  };
  std::unique_ptr<File> file;
  EXPECT_EQ(counted([&] { return file = make(disk, "f"), 0; }), 1u);
  EXPECT_EQ(counted([&] { return disk.open("f", Open::create); }), 0u);
  EXPECT_EQ(counted([&] { return file->write_at(0, "x"); }), 1u);
  EXPECT_EQ(counted([&] { return file->reserve(0, 10); }), 1u);
  EXPECT_EQ(counted([&] { return file->truncate(0); }), 1u);
  EXPECT_EQ(counted([&] { return file->sync(); }), 1u);
  EXPECT_EQ(counted([&] { return file->size(); }), 0u);
  EXPECT_EQ(counted([&] { return disk.make_directory("d/e"); }), 2u);
  EXPECT_EQ(counted([&] { return disk.make_directory("d/e"); }), 0u);
  EXPECT_EQ(counted([&] { return disk.rename("f", "d/f"); }), 1u);
  EXPECT_EQ(counted([&] { return disk.remove("d/f"); }), 1u);
  EXPECT_EQ(counted([&] { return disk.remove("d/f"); }), 0u);
  EXPECT_EQ(counted([&] { return disk.sync_directory("d"); }), 1u);
}

TEST(SimFiles, AfterAFailedSyncTheNextOneLies) {
  std::set<std::string> after_crash, after_drop;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const bool crash : {true, false}) {
      SimFiles disk(seed);
      const auto file = make_durable(disk, "f", "old");
      ASSERT_TRUE(file->write_at(0, "new"));
      disk.fail_next_sync();
      ASSERT_EQ(file->sync().error().code, Code::io);
      ASSERT_TRUE(file->sync()) << "the lie";
      EXPECT_EQ(content(disk, "f"), "new") << "memory still has it";
      if (crash) power_cut(disk);
      if (!crash) file->drop_cache();
      (crash ? after_crash : after_drop).insert(content(disk, "f"));
    }
  }
  EXPECT_TRUE(after_crash.contains("old") && after_crash.contains("new"));
  EXPECT_EQ(after_drop, (std::set<std::string>{"old", "new"}));
}

TEST(SimFiles, TheLieCoversSizesAndNamesToo) {
  const auto grown = [](SimFiles& disk) {
    const auto file = make_durable(disk, "f", "old");
    ASSERT_TRUE(file->write_at(3, "new"));
    disk.fail_next_sync();
    ASSERT_FALSE(file->sync());
    ASSERT_TRUE(file->sync());
  };
  EXPECT_TRUE(fates(grown, [](SimFiles& disk) { return content(disk, "f"); }).contains("old"));
  const auto created = [](SimFiles& disk) {
    make(disk, "f");
    disk.fail_next_sync();
    ASSERT_EQ(disk.sync_directory("/").error().code, Code::io);
    ASSERT_TRUE(disk.sync_directory("/"));
  };
  EXPECT_EQ(names_of(fates(created, present)), (std::set<std::string>{"", "f"}));
}

TEST(SimFiles, WritingAgainAfterAFailedSyncIsCoveredByTheNext) {
  struct Case {
    const char* name;
    std::uint64_t position;
    const char* expected;
  };
  for (const auto& [name, position, expected] :
       {Case{"in place", 0, "new"}, Case{"where the file grew", 3, "oldnew"}}) {
    SCOPED_TRACE(name);
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      SimFiles disk(seed);
      const auto file = make_durable(disk, "f", "old");
      ASSERT_TRUE(file->write_at(position, "new"));
      disk.fail_next_sync();
      ASSERT_FALSE(file->sync());
      ASSERT_TRUE(file->write_at(position, "new") && file->sync());
      power_cut(disk);
      EXPECT_EQ(content(disk, "f"), expected) << "seed " << seed;
    }
  }
}

TEST(SimFiles, ADiskThatIgnoresSyncsLosesWhatWasSynced) {
  const auto seen = fates(
      [](SimFiles& disk) {
        const auto file = make_durable(disk, "f", "old");
        disk.ignore_syncs(true);
        ASSERT_TRUE(file->write_at(0, "new") && file->sync());
      },
      [](SimFiles& disk) { return content(disk, "f"); }, 200);
  EXPECT_TRUE(seen.contains("old"));
}

TEST(SimFiles, RefusesWhatIsBeyondItsCapacityUntilSomethingIsFreed) {
  SimFiles disk(1);
  disk.set_capacity(1'000);
  auto a = make(disk, "a");
  const auto b = make(disk, "b");
  ASSERT_TRUE(a->write_at(0, std::string(600, 'x')));
  EXPECT_EQ(b->write_at(0, std::string(401, 'x')).error().code, Code::no_space);
  EXPECT_EQ(b->reserve(0, 401).error().code, Code::no_space);
  EXPECT_TRUE(b->reserve(0, 400));
  EXPECT_TRUE(b->write_at(0, std::string(400, 'x'))) << "reserved space is there";
  EXPECT_TRUE(a->write_at(0, std::string(600, 'y'))) << "overwriting takes nothing";
  EXPECT_EQ(a->write_at(600, "z").error().code, Code::no_space);
  ASSERT_TRUE(b->truncate(100));
  EXPECT_TRUE(a->write_at(600, std::string(300, 'z')));
  ASSERT_TRUE(disk.remove("a"));
  a.reset();
  ASSERT_TRUE(disk.sync_directory("/"));
  EXPECT_TRUE(b->write_at(0, std::string(1'000, 'x')));
}

TEST(SimFiles, AFailingWriteMayHaveWrittenABeginning) {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimFiles disk(seed);
    const auto file = make(disk, "f");
    ASSERT_TRUE(file->reserve(0, 4));
    disk.fail_next_write();
    ASSERT_EQ(file->write_at(0, "abcd").error().code, Code::io);
    const std::string found = content(disk, "f");
    EXPECT_EQ(found, std::string("abcd").substr(0, found.size()));
    sizes.insert(found.size());
    EXPECT_TRUE(file->write_at(0, "abcd"));
  }
  EXPECT_EQ(sizes.size(), 5u);
}

TEST(SimFiles, ACrashFreesLocksAndAnOldLockFreesNoNewOne) {
  SimFiles disk(1);
  ASSERT_TRUE(make(disk, "lock") && disk.sync_directory("/"));
  auto before = disk.lock("lock");
  ASSERT_TRUE(before);
  power_cut(disk);
  const auto after = disk.lock("lock");
  ASSERT_TRUE(after);
  before->reset();
  EXPECT_EQ(disk.lock("lock").error().code, Code::conflict);
}

TEST(SimFiles, TheSameSeedLosesTheSameBytes) {
  const auto run = [](std::uint64_t seed) {
    SimFiles disk(seed);
    for (int i = 0; i < 10; ++i) {
      const auto file = make(disk, fmt::format("f{}", i));
      (void)file->write_at(0, std::string(2'000, 'x'));
    }
    power_cut(disk);
    std::string all;
    const auto names = disk.list("/");
    for (const auto& name : *names) all += name + content(disk, name);
    return all;
  };
  for (std::uint64_t seed = 0; seed < 50; ++seed) EXPECT_EQ(run(seed), run(seed)) << "seed " << seed;
}

}  // namespace
}  // namespace leat::platform
