#include "app/topic_events.h"

#include <gtest/gtest.h>

#include "platform/sim.h"

namespace leat::app {
namespace {

// A bus with one topic of one partition that holds three events; it delivers the first and then is slow without end.
class SlowBus final : public bus::Bus {
 public:
  explicit SlowBus(platform::Executor& executor) : executor_(executor) {}

  const Uuid& id() const override { return id_; }
  std::size_t record_bytes_max() const override { return 1 << 20; }
  void ensure_topic(std::string, bus::TopicConfig, Done<Result<bus::Topic>>) override {}
  void topics(Done<Result<std::vector<bus::Topic>>> done) override { done(std::vector{topic_}); }
  void open_source(std::string, Done<Result<std::unique_ptr<bus::Source>>>) override {}
  Result<std::unique_ptr<bus::Reader>> open_reader(TopicId, std::vector<bus::Position> from) override {
    return std::make_unique<Slow>(*this, from[0].next == Offset{3});
  }
  void ends(TopicId, Done<Result<std::vector<bus::Position>>> done) override { done(std::vector{at(3)}); }
  void positions_at(TopicId, std::int64_t, Done<Result<std::vector<bus::Position>>>) override {}

 private:
  struct Slow final : bus::Reader {
    Slow(SlowBus& of, bool nothing_left) : bus(of), silent(nothing_left) {}
    void next(std::size_t, Done<Result<bus::Delivery>> done) override {
      if (std::exchange(silent, true)) return;
      bus.executor_.post([this, done = std::move(done)]() mutable {
        bus::Delivery first;
        first.records.push_back({PartitionIndex{0}, Offset{0}, 0, "k", "{}", {}});
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
  const bus::Topic topic_{"posts", TopicId{}, {.partitions = 1}};
};

struct Reading {
  Result<json::object> of(const EventsRequest& request) {
    std::optional<Result<json::object>> page;
    read_events(bus, *executor, request, [&](Result<json::object> read) { page = std::move(read); });
    world.run_until([&] { return page.has_value(); });
    return *page;
  }
  platform::SimWorld world{1};
  std::unique_ptr<platform::Executor> executor = world.platform().executors.open("reading", 1);
  SlowBus bus{*executor};
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

TEST(TopicEvents, AnUnknownTopicIsToldWithThoseThereAre) {
  EXPECT_EQ(Reading().of({.topic = "post", .from = "start"}).error().what,
            "there is no topic `post`; there are: posts");
}

}  // namespace
}  // namespace leat::app
