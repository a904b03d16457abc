// What a source does when the log behind it refuses something.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bus/embedded_bench_test.h"

namespace leat::bus::contract {
namespace {

class EmbeddedSourceTest : public testing::Test {
 protected:
  EmbeddedSourceTest() {
    auto life = Life::begin(world_.platform(), "/data", {}, {.pending_bytes_max = 20'000});
    EXPECT_TRUE(life) << life.error().what;
    life_ = *std::move(life);
    life_.bus->ensure_topic("posts", {.partitions = 1}, [this](auto topic) { topic_ = topic.value(); });
    world_.run();
  }
  std::unique_ptr<Source> open() {
    std::unique_ptr<Source> source;
    life_.bus->open_source("orders", [&](auto opened) { source = std::move(opened).value(); });
    world_.run();
    return source;
  }
  void publish(Source& source, std::uint64_t number, std::size_t bytes) {
    const std::size_t call = outcomes_.size();
    outcomes_.emplace_back();
    source.publish(
        {{number, topic_.id, {0}, Record{1, std::nullopt, std::string(bytes, 'x'), {}}}},
        [this, call](auto outcome) { outcomes_[call] = outcome ? "published" : name(outcome.error().code); });
  }
  std::int64_t end() { return life_.log->bounds({topic_.id, {0}})->durable_end.value; }

  platform::SimWorld world_{5};
  Life life_;
  Topic topic_;
  std::vector<std::optional<std::string_view>> outcomes_;
};

// Publishing more than the budget holds fails like any publish that the bus cannot take now: open the source again.
TEST(EmbeddedSourceMemory, WhatIsNotDecidedIsLeased) {
  ByteBudget budget(1000);
  platform::SimWorld world(5);
  auto life = Life::begin(world.platform(), "/data", {}, {}, {.budget = &budget});
  ASSERT_TRUE(life) << life.error().what;
  TopicId topic;
  life->bus->ensure_topic("posts", {.partitions = 1}, [&](auto made) { topic = made.value().id; });
  std::unique_ptr<Source> source;
  life->bus->open_source("orders", [&](auto opened) { source = std::move(opened).value(); });
  world.run();
  std::vector<std::string> outcomes;
  for (std::uint64_t number : {1, 2})
    source->publish({{number, topic, {0}, Record{1, std::nullopt, std::string(600, 'x'), {}}}},
                    [&](auto outcome) { outcomes.emplace_back(outcome ? "published" : name(outcome.error().code)); });
  EXPECT_GE(budget.usage(ByteUser::appends).leased, 600u);
  world.run();
  EXPECT_EQ(outcomes, (std::vector<std::string>{"published", "unavailable"}));
  EXPECT_EQ(budget.available(), 1000u);
  source.reset();
  life->end();
}

using Outcomes = std::vector<std::optional<std::string_view>>;

// The large one is too large for the log, which would take the small ones: number 1 would be lost unnoticed.
TEST_F(EmbeddedSourceTest, NothingFollowsAPublishThatFailed) {
  const auto source = open();
  publish(*source, 1, 50'000);
  publish(*source, 2, 10);
  publish(*source, 3, 10);
  world_.run();
  publish(*source, 4, 10);
  world_.run();
  EXPECT_EQ(outcomes_, (Outcomes(4, "too large")));
  EXPECT_EQ(source->last_published(), 0u);
  EXPECT_EQ(end(), 0);
  const auto again = open();
  EXPECT_EQ(again->last_published(), 0u);
  publish(*again, 1, 10);
  world_.run();
  EXPECT_EQ(outcomes_.back(), "published");
}

// A caller is told why his own records did not go, not what was wrong with another's.
TEST_F(EmbeddedSourceTest, EachRefusalHasItsOwnCause) {
  const auto source = open();
  world_.files().fail_next_sync();
  publish(*source, 1, 10);
  publish(*source, 2, 10);
  publish(*source, 2, 10);
  world_.run();
  EXPECT_EQ(outcomes_, (Outcomes{"unavailable", "unavailable", "invalid"}));
}

// What waits behind an append shares the next one: a hundred publishes cost a few appends.
TEST_F(EmbeddedSourceTest, WhatWaitsSharesAnAppend) {
  const auto source = open();
  const auto before = life_.log->stats().appends;
  for (std::uint64_t n = 1; n <= 100; ++n) publish(*source, n, 10);
  world_.run();
  EXPECT_EQ(outcomes_, Outcomes(100, "published"));
  EXPECT_EQ(end(), 100);
  EXPECT_LE(life_.log->stats().appends - before, 4u);
}

// A log that can write no more says so once, and the source passes it on to all that wait.
TEST_F(EmbeddedSourceTest, AFailedFlushIsToldToEverybody) {
  const auto source = open();
  world_.files().fail_next_sync();
  for (std::uint64_t n = 1; n <= 3; ++n) publish(*source, n, 10);
  world_.run();
  for (const auto& outcome : outcomes_) EXPECT_TRUE(outcome && *outcome != "published");
  EXPECT_EQ(end(), 0);
  life_.bus->open_source("orders", [](auto opened) { EXPECT_FALSE(opened); });
  world_.run();
}

}  // namespace
}  // namespace leat::bus::contract
