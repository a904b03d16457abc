// What a look at a damaged log finds is what its readers would; what a repair gives up is exactly that, and recorded.
#include <gmock/gmock.h>

#include "log/damage.h"
#include "log/repair.h"
#include "log/test_damage.h"

namespace leat::log {
namespace {

using Lost = std::map<PartitionId, std::vector<OffsetRange>>;

// Each file in turn, damaged in a few ways: flipped, cut, zeroed, gone.
void each_damage(const Kept& kept, const std::function<void(const std::string&, std::optional<std::string>)>& visit) {
  for (const auto& [path, bytes] : kept.files) {
    visit(path, std::nullopt);
    const std::size_t used = meaningful_bytes(bytes);
    const std::size_t few = std::max<std::size_t>(101, used / 4 * 2 + 1);
    for (std::size_t bit = 3; bit < used * 8; bit += every_bit() && used < 20'000 ? 7 : few)
      visit(path, flipped(bytes, bit));
    for (const std::size_t size : {std::size_t{0}, used / 3, used - 1}) {
      if (size < used) visit(path, bytes.substr(0, size));
    }
    if (used > 100) visit(path, std::string(bytes).replace(used / 3, used / 4, used / 4, '\0'));
  }
}

std::set<std::int64_t> offsets(const std::vector<OffsetRange>& ranges) {
  std::set<std::int64_t> out;
  for (const auto& [first, next] : ranges)
    for (std::int64_t at = first.value; at < next.value; ++at) out.insert(at);
  return out;
}

// Opens what a repair has left and holds it against what was there before. Empty when it is as it should be.
std::string wrong_after(platform::SimWorld& world, const Kept& kept, const Lost& lost) {
  auto log = Log::open(world.platform(), "d", {});
  if (!log) return "cannot be opened: " + log.error().what;
  for (const auto& [id, answers] : kept.answers) {
    const auto given_up = offsets(lost.contains(id) ? lost.at(id) : std::vector<OffsetRange>{});
    const auto recorded = (*log)->lost(id);
    if (!recorded || offsets(*recorded) != given_up) return "another range is recorded";
    const auto values = read_all(**log, id, 300);
    if (!values) return "cannot be read: " + values.error().what;
    auto expected = answers.values;
    std::erase_if(expected, [&](const auto& value) { return given_up.contains(value.first); });
    if (*values != expected) return "other values";
    if ((*log)->bounds(id)->durable_end != answers.durable_end) return "another end";
    for (const std::int64_t at : given_up) {
      if (at < answers.start.value) continue;
      const auto slice = (*log)->read(id, Offset{at}, 100);
      if (!slice || !slice->lost || !slice->batches.empty() || given_up.contains(slice->next.value))
        return "a reader is not told of the lost range";
    }
    if (!append(world, **log, {{id, batch_of({"new"})}})) return "nothing can be appended";
  }
  return (*log)->close() ? "" : "cannot be closed";
}

Lost losses(const Inspection& inspection) {
  Lost lost;
  for (const auto& finding : inspection.partitions())
    for (const Damage& damage : finding.damages) lost[*damage.partition].push_back(*damage.lost);
  return lost;
}

std::string first_damage(const Inspection& inspection) {
  if (!inspection.fundamental().empty()) return text(inspection.fundamental().front());
  for (const auto& finding : inspection.partitions()) {
    if (!finding.damages.empty()) return text(finding.damages.front());
  }
  return "";
}

// A look finds damage if and only if a reader would, names the file, changes nothing; a repair makes all else usable.
std::string verdict(const Kept& kept, const std::string& path, const std::optional<std::string>& bytes) {
  const Changes changes{{path, bytes}};
  const Outcome outcome = open_and_read(kept, changes);
  const bool seen_by_readers = outcome.refused || !outcome.unreadable.empty();
  const auto world = world_with(kept.files, changes);
  const FileMap before = collect(world->files());
  auto inspection = Inspection::of(world->platform(), "d");
  if (!inspection) return "cannot be looked at: " + inspection.error().what;
  if (collect(world->files()) != before) return "looking has changed something";
  const std::string found = first_damage(**inspection);
  if (found.empty() == seen_by_readers) return "a look says '" + found + "' where readers say otherwise";
  if (found.empty()) return {};
  const bool journal = path.find("/journal/") != std::string::npos;
  if (found.find(journal ? "d/journal" : path) == std::string::npos) return "the file is not named: " + found;
  const Lost lost = losses(**inspection);
  const auto given_up = give_up_damaged(world->platform(), "d", **inspection);
  if (!(*inspection)->fundamental().empty()) {
    return !given_up && collect(world->files()) == before ? "" : "what cannot be repaired was not left alone";
  }
  if (!given_up) return "cannot be repaired: " + given_up.error().what;
  for (int life = 0; life < 2; ++life) {  // as the repair has left it, and after a life
    Kept now = kept;
    if (life == 1) {
      for (auto& [id, answers] : now.answers) {
        answers.values[answers.durable_end.value] = "new";
        answers.durable_end = answers.durable_end + std::int64_t{1};
      }
    }
    if (auto wrong = wrong_after(*world, now, lost); !wrong.empty()) return wrong;
  }
  return {};
}

TEST(LogDamageRepair, ALookFindsWhatReadersWouldAndARepairLeavesTheRest) {
  for (const Kept* kept : {&closed_log(), &crashed_log().kept}) {
    EXPECT_EQ(verdict(*kept, "d/none", std::nullopt), "");
    each_damage(*kept, [&](const std::string& path, const std::optional<std::string>& bytes) {
      ASSERT_EQ(verdict(*kept, path, bytes), "") << path << (bytes ? " changed" : " gone");
    });
  }
}

// The one batch that is damaged is lost, not its neighbours.
TEST(LogDamageRepair, GivesUpNoMoreThanTheDamagedBatch) {
  const std::string path = "d/partitions/02020202-0202-0202-0202-020202020202-1/00000000000000000000.log";
  const auto world = world_with(closed_log().files, {{path, flipped(closed_log().files.at(path), 8 * 5 * 1070)}});
  const auto inspection = *Inspection::of(world->platform(), "d");
  EXPECT_EQ(losses(*inspection), (Lost{{partition(1, 2), {OffsetRange{Offset{5}, Offset{6}}}}}));
}

// Where offsets are missing before it, it is one damage all the same: they are counted as lost with it.
TEST(LogDamageRepair, TellsADamagedBatchOfACompactedSegmentOnce) {
  const std::string path = "d/partitions/01010101-0101-0101-0101-010101010101-1/00000000000000000000-1.log";
  ASSERT_TRUE(closed_log().files.contains(path));
  const auto world = world_with(closed_log().files, {{path, flipped(closed_log().files.at(path), 8 * 66)}});
  const auto inspection = *Inspection::of(world->platform(), "d");
  EXPECT_EQ(losses(*inspection), (Lost{{partition(1), {OffsetRange{Offset{0}, Offset{8}}}}}));
}

TEST(LogDamageRepair, ListsAllDamageAtOnce) {
  Changes changes;
  for (const auto& [path, bytes] : closed_log().files) {
    if (path.ends_with(".log") && bytes.size() > 100) changes[path] = flipped(bytes, 8 * 70);
  }
  const auto world = world_with(closed_log().files, changes);
  const auto inspection = *Inspection::of(world->platform(), "d");
  std::string all;
  for (const auto& finding : inspection->partitions())
    for (const Damage& damage : finding.damages) all += text(damage) + "\n";
  for (const auto& [path, bytes] : changes) EXPECT_THAT(all, testing::HasSubstr(path));
}

TEST(LogDamageRepair, WritesDownWhatItGaveUpAndKeepsTheDamagedFiles) {
  const std::string folder = "d/partitions/01010101-0101-0101-0101-010101010101-0/";
  const std::string path = folder + "00000000000000000004.log";
  const std::string damaged = flipped(closed_log().files.at(path), 8 * 70);
  const auto world = world_with(closed_log().files, {{path, damaged}});
  const auto inspection = *Inspection::of(world->platform(), "d");
  ASSERT_TRUE(give_up_damaged(world->platform(), "d", *inspection));
  const auto files = collect(world->files());
  EXPECT_EQ(files.at("d/damaged/01010101-0101-0101-0101-010101010101-0-00000000000000000004.log"), damaged);
  EXPECT_THAT(files.at("d/repairs"), testing::AllOf(testing::HasSubstr(R"("first":5,"next":6)"),
                                                    testing::HasSubstr("00000000000000000004.log: bytes [70, 140)")));
}

void make_durable(platform::Files& files, const FileMap& all) {
  std::set<std::string> folders{"/", "d"};
  for (const auto& [path, bytes] : all) {
    ASSERT_TRUE((*files.open(path, platform::Open::write))->sync());
    for (auto slash = path.rfind('/'); slash != std::string::npos && slash > 0; slash = path.rfind('/', slash - 1))
      folders.insert(path.substr(0, slash));
  }
  for (const std::string& folder : folders) ASSERT_TRUE(files.sync_directory(folder));
}

// The power goes at every operation of a repair; then it is done again.
TEST(LogDamageRepair, CanBeInterruptedAnywhereAndDoneAgain) {
  for (const Kept* kept : {&closed_log(), &crashed_log().kept}) {
    Changes changes;
    for (const auto& [path, bytes] : kept->files) {
      if (path.ends_with(".log") && bytes.size() > 70) changes[path] = flipped(bytes, 8 * 66);
    }
    const Lost lost = losses(**Inspection::of(world_with(kept->files, changes)->platform(), "d"));
    ASSERT_FALSE(lost.empty());
    bool finished = false;
    for (std::uint64_t operation = 1; !finished; ++operation) {
      const auto world = world_with(kept->files, changes);
      make_durable(world->files(), collect(world->files()));
      {
        const auto inspection = *Inspection::of(world->platform(), "d");
        world->files().crash_after(operation);
        finished = give_up_damaged(world->platform(), "d", *inspection).has_value();
      }
      world->files().crash();
      world->restart();
      {
        const auto inspection = *Inspection::of(world->platform(), "d");
        ASSERT_TRUE(inspection->fundamental().empty()) << first_damage(*inspection) << ", operation " << operation;
        ASSERT_TRUE(!finished || !inspection->damaged()) << first_damage(*inspection) << ", operation " << operation;
        ASSERT_TRUE(give_up_damaged(world->platform(), "d", *inspection));
      }
      ASSERT_EQ(wrong_after(*world, *kept, lost), "") << "operation " << operation;
    }
  }
}

// After a killed process the last group may be in memory only. A repair stands on it, so the power must not take it.
TEST(LogDamageRepair, StandsOnAJournalThatIsDurable) {
  const Kept& kept = crashed_log().kept;
  std::string journal;
  Changes before;
  for (const auto& [path, bytes] : kept.files) {
    if (path.starts_with("d/journal/")) journal = path;
    if (path.ends_with(".log") && bytes.size() > 70) before[path] = flipped(bytes, 8 * 66);
  }
  const std::string& whole = kept.files.at(journal);
  const std::size_t last = whole.rfind("LJG1");
  ASSERT_GT(last, 0u);
  before[journal] = std::string(whole).replace(last, whole.size() - last, whole.size() - last, '\0');
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto world = world_with(kept.files, before, seed);
    make_durable(world->files(), collect(world->files()));
    ASSERT_TRUE((*world->files().open(journal, platform::Open::write))->write_at(last, whole.substr(last)));
    const auto inspection = *Inspection::of(world->platform(), "d");
    const Lost lost = losses(*inspection);
    ASSERT_FALSE(lost.empty());
    ASSERT_TRUE(give_up_damaged(world->platform(), "d", *inspection));
    world->files().crash();
    world->restart();
    ASSERT_EQ(wrong_after(*world, kept, lost), "") << "seed " << seed;
  }
}

TEST(LogScrub, FindsDamageThatCameAfterTheFirstReadAndTellsReaders) {
  const auto world = world_with(closed_log().files, {});
  const auto log = *Log::open(world->platform(), "d", {});
  const PartitionId large = partition(1, 2);
  ASSERT_EQ(*answers_of(*log, large), closed_log().answers.at(large));
  const auto scrub_fully = [&] {
    std::vector<Damage> found;
    const auto scrub = log->scrub();
    for (bool done = false; !done;) {
      const auto step = scrub->step(1000);
      done = step.done;
      found.insert(found.end(), step.damages.begin(), step.damages.end());
    }
    return found;
  };
  EXPECT_TRUE(scrub_fully().empty());
  const std::string path = "d/partitions/02020202-0202-0202-0202-020202020202-1/00000000000000000000.log";
  ASSERT_TRUE((*world->files().open(path, platform::Open::write))->write_at(5000, "x"));
  EXPECT_TRUE(log->read(large, Offset{4}, 1));  // it was checked before: the client's own check is what is left
  const auto found = scrub_fully();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(text(found.front()), testing::HasSubstr(path + ": bytes [4280, 5350)"));
  EXPECT_EQ(found.front().lost, (OffsetRange{Offset{4}, Offset{5}}));
  const auto read = log->read(large, Offset{4}, 1);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::corrupt);
  EXPECT_TRUE(log->read(large, Offset{0}, 1));
}

}  // namespace
}  // namespace leat::log
