// bus/contract_fixture.h — what the contract tests say things with.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bus/bus.h"
#include "bus/contract_bench.h"

namespace leat::bus::contract {

// A record that a reader delivered, with bytes of its own.
struct Seen {
  PartitionIndex partition;
  Offset offset;
  std::int64_t timestamp_ms;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::string>> headers;
};

inline Seen own(const Delivered& record) {
  Seen seen{record.partition, record.offset, record.timestamp_ms, {}, {}, {}};
  if (record.key) seen.key.emplace(*record.key);
  if (record.value) seen.value.emplace(*record.value);
  for (const auto& [key, value] : record.headers) seen.headers.emplace_back(key, value);
  return seen;
}

class Contract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    bench_ = GetParam().make();
    if (!bench_) GTEST_SKIP() << GetParam().name << " cannot be made here";
  }

  bool can(Ability ability) const { return GetParam().abilities.contains(ability); }
  Bus& bus() { return bench_->bus(); }

  Result<Topic> ensure(const std::string& name, TopicConfig config) {
    Outcome<Topic> made(*bench_);
    bus().ensure_topic(name, config, made.done());
    return made.wait();
  }
  Topic topic(const std::string& name, std::int32_t partitions = 1) {
    auto made = ensure(name, {.partitions = partitions});
    EXPECT_TRUE(made) << made.error().what;
    return made ? *made : Topic{};
  }

  Result<std::unique_ptr<Source>> open(const std::string& name) {
    Outcome<std::unique_ptr<Source>> opened(*bench_);
    bus().open_source(name, opened.done());
    return opened.wait();
  }
  std::unique_ptr<Source> source(const std::string& name = "orders") {
    auto opened = open(name);
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? std::move(*opened) : nullptr;
  }

  static Publication event(std::uint64_t number, const Topic& topic, std::int32_t partition, std::string value) {
    return {number,
            topic.id,
            {partition},
            Record{.timestamp_ms = static_cast<std::int64_t>(1000 + number),
                   .key = "k" + std::to_string(number % 7),
                   .value = std::move(value),
                   .headers = {}}};
  }
  Result<std::vector<Position>> publish(Source& source, std::vector<Publication> publications) {
    Outcome<std::vector<Position>> published(*bench_);
    source.publish(std::move(publications), published.done());
    return published.wait();
  }
  void publish_ok(Source& source, std::vector<Publication> publications) {
    const auto published = publish(source, std::move(publications));
    ASSERT_TRUE(published) << published.error().what;
  }

  std::vector<Position> from_start(const Topic& topic) {
    std::vector<Position> out;
    for (std::int32_t i = 0; i < topic.config.partitions; ++i)
      out.push_back({.bus = bus().id(), .topic = topic.id, .partition = {i}, .epoch = {-1}, .next = start_of_log});
    return out;
  }
  std::unique_ptr<Reader> reader(const Topic& topic, std::vector<Position> from) {
    auto opened = bus().open_reader(topic.id, std::move(from));
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? std::move(*opened) : nullptr;
  }
  Result<Delivery> next(Reader& reader, std::size_t bytes_max = 1 << 20) {
    Outcome<Delivery> delivered(*bench_);
    reader.next(bytes_max, delivered.done());
    return delivered.wait();
  }
  // Reads on until `count` records came; checks what holds of every delivery on the way.
  std::vector<Seen> read(Reader& reader, std::size_t count, std::size_t bytes_max = 1 << 20) {
    std::vector<Seen> seen;
    std::map<PartitionIndex, Offset> reached;
    while (seen.size() < count) {
      const auto delivery = next(reader, bytes_max);
      if (!delivery) {
        ADD_FAILURE() << delivery.error().what;
        break;
      }
      check(*delivery);
      for (const Position& position : delivery->positions) last_[position.partition] = position;
      for (const Delivered& record : delivery->records) seen.push_back(own(record));
    }
    return seen;
  }
  static void check(const Delivery& delivery) {
    std::map<PartitionIndex, Offset> next;
    for (const Position& position : delivery.positions)
      EXPECT_TRUE(next.emplace(position.partition, position.next).second) << "two positions for one partition";
    EXPECT_FALSE(next.empty()) << "a delivery that moved nothing";
    std::map<PartitionIndex, Offset> before;
    for (const Delivered& record : delivery.records) {
      ASSERT_TRUE(next.contains(record.partition)) << "a record without its position";
      EXPECT_LT(record.offset, next[record.partition]);
      if (before.contains(record.partition)) {
        EXPECT_GT(record.offset, before[record.partition]);
      }
      before[record.partition] = record.offset;
    }
  }

  std::vector<Position> ends(const Topic& topic) {
    Outcome<std::vector<Position>> found(*bench_);
    bus().ends(topic.id, found.done());
    auto result = found.wait();
    EXPECT_TRUE(result) << result.error().what;
    return result ? *result : std::vector<Position>{};
  }
  static std::vector<std::string> values(const std::vector<Seen>& seen) {
    std::vector<std::string> out;
    for (const Seen& record : seen) out.push_back(record.value.value_or("(none)"));
    return out;
  }

  std::unique_ptr<Bench> bench_;
  std::map<PartitionIndex, Position> last_;  // reached by read()
};

using Strings = std::vector<std::string>;

}  // namespace leat::bus::contract
