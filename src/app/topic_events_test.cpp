#include "app/topic_events.h"

#include <gtest/gtest.h>

#include "platform/sim.h"

namespace leat::app {
namespace {

// A bus with one topic whose first partition holds three events, the others one; it delivers the first and then is slow
// without end.
class SlowBus final : public bus::Bus {
 public:
  SlowBus(platform::Executor& executor, std::int32_t partitions, std::string value)
      : executor_(executor), topic_{"posts", TopicId{}, {.partitions = partitions}}, value_(std::move(value)) {}

  const Uuid& id() const override { return id_; }
  std::size_t record_bytes_max() const override { return 1 << 20; }
  void ensure_topic(std::string, bus::TopicConfig, Done<Result<bus::Topic>>) override {}
  void topics(Done<Result<std::vector<bus::Topic>>> done) override { done(std::vector{topic_}); }
  void open_source(std::string, Done<Result<std::unique_ptr<bus::Source>>>) override {}
  Result<std::unique_ptr<bus::Reader>> open_reader(TopicId, std::vector<bus::Position> from) override {
    return std::make_unique<Slow>(*this, from[0].next == Offset{3});
  }
  void ends(TopicId, Done<Result<std::vector<bus::Position>>> done) override {
    std::vector<bus::Position> out{at(3)};
    for (std::int32_t i = 1; i < topic_.config.partitions; ++i)
      out.push_back({id_, topic_.id, PartitionIndex{i}, Epoch{1}, Offset{1}});
    done(std::move(out));
  }
  void positions_at(TopicId, std::int64_t, Done<Result<std::vector<bus::Position>>>) override {}

 private:
  struct Slow final : bus::Reader {
    Slow(SlowBus& of, bool nothing_left) : bus(of), silent(nothing_left) {}
    void next(std::size_t, Done<Result<bus::Delivery>> done) override {
      if (std::exchange(silent, true)) return;
      bus.executor_.post([this, done = std::move(done)]() mutable {
        bus::Delivery first;
        first.records.push_back({PartitionIndex{0}, Offset{0}, 0, "k", bus.value_, {}});
        first.positions.push_back(bus.at(1));
        done(std::move(first));
      });
    }
    SlowBus& bus;
    bool silent;
  };

  bus::Position at(std::int64_t next) const { return {id_, topic_.id, PartitionIndex{0}, Epoch{1}, Offset{next}}; }

  platform::Executor& executor_;
  const Uuid id_{};
  const bus::Topic topic_;
  const std::string value_;  // of its events
};

struct Reading {
  explicit Reading(std::int32_t partitions = 1, std::string value = "{}")
      : bus(*executor, partitions, std::move(value)) {}
  Result<json::object> of(const EventsRequest& request) {
    std::optional<Result<json::object>> page;
    read_events(bus, *executor, budget, request, [&](Result<json::object> read) { page = std::move(read); });
    world.run_until([&] { return page.has_value(); });
    return *page;
  }
  platform::SimWorld world{1};
  std::unique_ptr<platform::Executor> executor = world.platform().executors.open("reading", 1);
  ByteBudget budget{64 << 20};
  SlowBus bus;
};

// Or `leat events` would print a part of a topic as if it were all of it, whenever the machine is busy.
TEST(TopicEvents, APageWhoseTimeIsOverSaysThatMoreFollows) {
  const auto page = Reading().of({.topic = "posts", .from = "start"});
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_EQ(page->at("events").as_array().size(), 1u);
  EXPECT_FALSE(page->at("at_end").as_bool());
}

TEST(TopicEvents, AWaitThatWasInVainIsAtTheEnd) {
  const auto page = Reading().of({.topic = "posts", .from = "end", .wait = std::chrono::milliseconds(10)});
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_TRUE(page->at("events").as_array().empty());
  EXPECT_TRUE(page->at("at_end").as_bool());
}

// Ten thousand events may be asked for, of 8 MiB each.
TEST(TopicEvents, APageEndsWhenItIsLong) {
  Reading reading(1, '"' + std::string(1 << 20, 'x') + '"');
  const auto before = reading.world.platform().clock.now();
  const auto page = reading.of({.topic = "posts", .from = "start", .limit = 10'000});
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_EQ(page->at("events").as_array().size(), 1u);
  EXPECT_FALSE(page->at("at_end").as_bool());
  EXPECT_LT(reading.world.platform().clock.now() - before, std::chrono::seconds(1)) << "did not wait for a second one";
  EXPECT_EQ(reading.budget.usage(ByteUser::requests).leased, 0u);
}

TEST(TopicEvents, WithoutMemoryForAnEventThereIsNoPage) {
  Reading reading;
  const auto most = reading.budget.most(ByteUser::requests);
  const auto others = reading.budget.try_take(ByteUser::requests, most);
  ASSERT_TRUE(others);
  EXPECT_EQ(reading.of({.topic = "posts", .from = "start"}).error().code, Code::unavailable);
  EXPECT_EQ(reading.budget.usage(ByteUser::requests).leased, most);
}

TEST(TopicEvents, GoesOnFromAsManyPartitionsAsThereMayBe) {
  Reading reading(partitions_max);
  const auto page = reading.of({.topic = "posts", .from = "end"});
  ASSERT_TRUE(page) << page.error().what;
  const auto next = bus::parse_positions(page->at("next").as_string());
  ASSERT_TRUE(next) << next.error().what;
  EXPECT_EQ(next->size(), static_cast<std::size_t>(partitions_max));
  EXPECT_TRUE(reading.of({.topic = "posts", .from = std::string(page->at("next").as_string())}));
}

TEST(TopicEvents, AnUnknownTopicIsToldWithThoseThereAre) {
  EXPECT_EQ(Reading().of({.topic = "post", .from = "start"}).error().what,
            "there is no topic `post`; there are: posts");
}

}  // namespace
}  // namespace leat::app
