#include "broker/compaction.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "log/record_batch.h"
#include "platform/sim.h"

namespace leat::broker {
namespace {

const log::PartitionId partition{TopicId{Uuid{{1}}}, PartitionIndex{0}};

struct World {
  explicit World(std::uint64_t seed) : world(seed) {
    EXPECT_TRUE(world.platform().files.make_directory("/data"));
    EXPECT_TRUE(world.platform().files.sync_directory("/"));
    open();
    EXPECT_TRUE(log->create(partition, {.segment_bytes = 4096}));
  }
  void open() {
    auto opened = log::Log::open(world.platform(), "/data");
    ASSERT_TRUE(opened) << opened.error().what;
    log = *std::move(opened);
  }
  bool append(const std::vector<log::Record>& records) {
    auto answer = std::make_shared<std::optional<bool>>();
    log->append({{partition, log::build_batch(records)}}, [answer](auto result) { *answer = result.has_value(); });
    world.run_until([&] { return answer->has_value(); });
    return answer->value_or(false);
  }
  std::map<std::int64_t, std::string> all() {
    std::map<std::int64_t, std::string> out;
    const auto read = for_each_record(*log, partition, [&](const log::Record& record, Epoch) {
      out[record.offset.value] =
          std::string(record.key.value_or("-")) + '=' + std::string(record.value.value_or("none"));
    });
    EXPECT_TRUE(read) << read.error().what;
    return out;
  }

  platform::SimWorld world;
  std::unique_ptr<log::Log> log;
};

log::Record put(std::optional<std::string_view> key, std::optional<std::string_view> value) {
  return {.timestamp_ms = 1, .key = key, .value = value};
}

using Contents = std::map<std::int64_t, std::string>;

TEST(Compaction, KeepsTheLastOfEachKeyWhereItLies) {
  struct Case {
    const char* name;
    std::vector<log::Record> records;
    Contents kept;
  };
  for (const auto& [name, records, kept] : {
           Case{"all different", {put("a", "1"), put("b", "2")}, {{0, "a=1"}, {1, "b=2"}}},
           Case{"one key", {put("a", "1"), put("a", "2"), put("a", "3")}, {{2, "a=3"}}},
           Case{"mixed",
                {put("a", "1"), put("b", "1"), put("a", "2"), put("c", "1"), put("b", "2")},
                {{2, "a=2"}, {3, "c=1"}, {4, "b=2"}}},
           Case{"a tombstone takes its key away", {put("a", "1"), put("b", "1"), put("a", {})}, {{1, "b=1"}}},
           Case{"and a later value brings it back", {put("a", {}), put("a", "2")}, {{1, "a=2"}}},
           Case{"nothing left", {put("a", "1"), put("a", {})}, {}},
           Case{
               "no key, no successor", {put({}, "1"), put({}, "2"), put("", "3")}, {{0, "-=1"}, {1, "-=2"}, {2, "=3"}}},
       }) {
    SCOPED_TRACE(name);
    World world(1);
    ASSERT_TRUE(world.append(records));
    for (int again = 0; again < 2; ++again) {
      ASSERT_TRUE(compact(*world.log, partition));
      EXPECT_EQ(world.all(), kept);
    }
    const auto next = static_cast<std::int64_t>(records.size());
    ASSERT_TRUE(world.append({put("z", "9")}));
    Contents more = kept;
    more[next] = "z=9";
    EXPECT_EQ(world.all(), more) << "offsets go on where they were";
  }
}

// Wherever the power goes during a compaction: the whole partition as it was, or the whole as it is to be.
TEST(Compaction, IsAllOrNothingAcrossACrash) {
  int before = 0, after = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    for (int i = 0; i < 60; ++i)
      ASSERT_TRUE(
          world.append({put(std::to_string(i % 7), std::to_string(i) + std::string(world.world.choose(300), '.'))}));
    const Contents full = world.all();
    Contents latest;
    for (std::int64_t i = 53; i < 60; ++i) latest[i] = full.at(i);
    world.world.files().crash_after(world.world.choose(25));
    const bool acknowledged = compact(*world.log, partition).has_value();
    world.log.reset();
    world.world.files().crash();
    world.world.restart();
    world.open();
    const Contents found = world.all();
    EXPECT_TRUE(found == latest || (found == full && !acknowledged));
    ++(found == full ? before : after);
  }
  EXPECT_GT(before, 10);
  EXPECT_GT(after, 10);
}

}  // namespace
}  // namespace leat::broker
