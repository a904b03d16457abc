// What a reader makes of batches that services do not write, but other producers and crashes leave behind.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/endian.h"
#include "bus/embedded_bench_test.h"
#include "log/layout.h"
#include "log/record_batch.h"
#include "log/repair.h"

namespace leat::bus::contract {
namespace {

class EmbeddedReaderTest : public testing::Test {
 protected:
  EmbeddedReaderTest() {
    auto life = Life::begin(world_.platform(), "/data");
    EXPECT_TRUE(life) << life.error().what;
    life_ = *std::move(life);
    auto made = std::make_shared<std::optional<Result<Topic>>>();
    life_.bus->ensure_topic("posts", {.partitions = 1}, [made](auto topic) { made->emplace(std::move(topic)); });
    world_.run();
    topic_ = (*made)->value();
  }

  void append(std::string batches) {
    bool good = false;
    life_.log->append({{{topic_.id, {0}}, std::move(batches)}}, [&](auto outcome) { good = outcome.has_value(); });
    world_.run();
    ASSERT_TRUE(good);
  }
  // A batch of one record with other attributes, as another producer would send it.
  static std::string batch(const std::string& value, std::int16_t attributes = 0) {
    std::string bytes = log::build_batch({{.timestamp_ms = 1, .value = value}});
    store_be<std::int16_t>(bytes.data() + 21, attributes);
    store_be<std::uint32_t>(bytes.data() + 17, crc32c(std::string_view(bytes).substr(21)));
    return bytes;
  }
  std::unique_ptr<Reader> reader() {
    const Position start{.bus = life_.bus->id(), .topic = topic_.id, .partition = {0}, .next = start_of_log};
    return life_.bus->open_reader(topic_.id, {start}).value();
  }
  Result<Delivery> next(Reader& reader) {
    auto box = std::make_shared<std::optional<Result<Delivery>>>();
    reader.next(1 << 20, [box](auto delivery) { box->emplace(std::move(delivery)); });
    world_.run_until([&] { return box->has_value(); });
    return box->has_value() ? std::move(**box) : fail(Code::timeout, "waits");
  }

  platform::SimWorld world_{3};
  Life life_;
  Topic topic_;
};

constexpr std::int16_t control = 0x20;

TEST_F(EmbeddedReaderTest, PassesOverControlBatchesAndTellsThePosition) {
  const auto behind = reader();
  EXPECT_EQ(next(*behind)->positions.at(0).next, Offset{0});
  append(batch("marker", control));
  const auto moved = next(*behind);
  ASSERT_TRUE(moved) << moved.error().what;
  EXPECT_TRUE(moved->records.empty());
  EXPECT_TRUE(moved->at_end);
  EXPECT_EQ(moved->positions.at(0).next, Offset{1});
  append(batch("a") + batch("marker", control) + batch("b"));
  const auto records = next(*behind);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->records.size(), 2u);
  EXPECT_EQ(records->records[1].value, "b");
  EXPECT_EQ(records->records[1].offset, Offset{3});
  EXPECT_EQ(records->positions.at(0).next, Offset{4});
}

TEST_F(EmbeddedReaderTest, SaysWhichCodecItCannotRead) {
  for (const auto& [codec, name] :
       {std::pair<std::int16_t, const char*>{1, "gzip"}, {2, "snappy"}, {3, "lz4"}, {4, "zstd"}}) {
    SCOPED_TRACE(name);
    append(batch("x", codec));
    const auto from = life_.log->bounds({topic_.id, {0}})->durable_end + std::int64_t{-1};
    const Position last{.bus = life_.bus->id(), .topic = topic_.id, .partition = {0}, .next = from};
    const auto behind = life_.bus->open_reader(topic_.id, {last}).value();
    const auto refused = next(*behind);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::invalid);
    EXPECT_NE(refused.error().what.find(name), std::string::npos) << refused.error().what;
    EXPECT_NE(refused.error().what.find("offset " + std::to_string(from.value)), std::string::npos);
  }
}

TEST_F(EmbeddedReaderTest, GoesOverTheGapsOfACompaction) {
  append(batch("a"));
  append(batch("b"));
  append(batch("c"));
  std::string kept = batch("b");
  log::stamp(kept.data(), Offset{1}, life_.log->bounds({topic_.id, {0}})->epoch);
  ASSERT_TRUE(life_.log->replace_before({topic_.id, {0}}, Offset{3}, kept));
  const auto behind = reader();
  std::vector<std::string> values;
  Offset reached{};
  while (reached < Offset{3}) {
    const auto delivery = next(*behind);
    ASSERT_TRUE(delivery) << delivery.error().what;
    for (const Delivered& record : delivery->records) values.emplace_back(*record.value);
    reached = delivery->positions.at(0).next;
  }
  EXPECT_EQ(values, std::vector<std::string>{"b"});
}

TEST_F(EmbeddedReaderTest, StopsAtDamageAndPassesOverItWhenItWasGivenUp) {
  for (const char* const value : {"a", "b", "c"}) append(batch(value));
  const log::PartitionId id{topic_.id, {0}};
  const std::string segment = "/data/partitions/" + log::text(id) + "/" + log::segment_stem({}) + ".log";
  life_.end();
  const std::size_t last_of_b = 2 * batch("a").size() - 1;
  ASSERT_TRUE((*world_.files().open(segment, platform::Open::write))->write_at(last_of_b, "!"));
  life_ = *Life::begin(world_.platform(), "/data");
  {
    const auto behind = reader();
    const auto before = next(*behind);
    ASSERT_TRUE(before) << before.error().what;
    EXPECT_EQ(before->positions.at(0).next, Offset{1});
    EXPECT_EQ(next(*behind).error().code, Code::corrupt);
  }
  life_.end();
  const auto inspection = *log::Inspection::of(world_.platform(), "/data");
  ASSERT_EQ(log::give_up_damaged(world_.platform(), "/data", *inspection)->size(), 1u);
  life_ = *Life::begin(world_.platform(), "/data");
  const auto behind = reader();
  std::vector<std::pair<Offset, std::string>> read;
  for (Offset reached{}; reached < Offset{3};) {
    const auto delivery = next(*behind);
    ASSERT_TRUE(delivery) << delivery.error().what;
    for (const Delivered& record : delivery->records) read.emplace_back(record.offset, *record.value);
    reached = delivery->positions.at(0).next;
  }
  EXPECT_EQ(read, (std::vector<std::pair<Offset, std::string>>{{Offset{0}, "a"}, {Offset{2}, "c"}}));
}

// The good part of what was read goes out before the damage is told.
TEST_F(EmbeddedReaderTest, ToldOfDamageItStopsThere) {
  append(batch("a"));
  append(batch("x", 4));
  append(batch("b"));
  const auto behind =
      life_.bus
          ->open_reader(topic_.id,
                        {Position{.bus = life_.bus->id(), .topic = topic_.id, .partition = {0}, .next = {0}}})
          .value();
  auto box = std::make_shared<std::optional<Result<Delivery>>>();
  behind->next(1, [box](auto delivery) { box->emplace(std::move(delivery)); });
  world_.run();
  ASSERT_TRUE(box->has_value() && **box);
  EXPECT_EQ((*box)->value().records.size(), 1u);
  EXPECT_FALSE((*box)->value().at_end);
  for (int again = 0; again < 2; ++again) EXPECT_FALSE(next(*behind));
}

}  // namespace
}  // namespace leat::bus::contract
