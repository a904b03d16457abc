#include "broker/broker.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "log/record_batch.h"
#include "platform/sim.h"

namespace leat::broker {
namespace {

// A broker in a simulated world, and one life after the other on the same disk.
class BrokerTest : public testing::Test {
 public:
  ~BrokerTest() override { stop(); }

 protected:
  BrokerTest() {
    EXPECT_TRUE(platform_.files.make_directory("/data"));
    EXPECT_TRUE(platform_.files.sync_directory("/"));
  }

  Result<> start(Options options = {}) {
    stop();
    LEAT_TRY(log_, log::Log::open(platform_, "/data"));
    LEAT_TRY(broker_, Broker::open(platform_, *log_, options));
    return {};
  }
  void stop() {
    broker_.reset();
    log_.reset();
  }
  // The power goes; what was not durable may be gone.
  void crash() {
    stop();
    world_.files().crash();
    world_.restart();
  }

  template <class T, class Start>
  Result<T> wait(Start start) {
    auto box = std::make_shared<std::optional<Result<T>>>();
    start(Done<Result<T>>([box](Result<T> result) { box->emplace(std::move(result)); }));
    if (!world_.run_until([&] { return box->has_value(); })) return fail(Code::timeout, "never answered");
    return std::move(**box);
  }
  Result<Topic> ensure(const std::string& name, TopicConfig config = {}) {
    return wait<Topic>([&](auto done) { broker_->ensure_topic(name, config, std::move(done)); });
  }
  Result<Holder> open(const std::string& source) {
    return wait<Holder>([&](auto done) { broker_->sources().open(source, std::move(done)); });
  }
  Result<std::vector<log::Appended>> publish(const Holder& holder, std::uint64_t number, const Topic& topic,
                                             std::string value = "x") {
    const log::Record record{.timestamp_ms = platform_.clock.unix_ms(), .value = value};
    return wait<std::vector<log::Appended>>([&](auto done) {
      const auto answer = std::make_shared<decltype(done)>(std::move(done));
      auto begun = broker_->sources().publish(
          holder, number, {{{topic.id, {0}}, log::build_batch({record})}},
          [answer](auto outcome) { (*answer)(std::move(outcome)); }, [](const auto&) {});
      if (!begun) (*answer)(fail(begun.error()));
    });
  }
  static Code code(const Result<>& result) { return result ? Code::cancelled : result.error().code; }

  platform::SimWorld world_{7};
  platform::Platform platform_ = world_.platform();
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<Broker> broker_;
};

TEST_F(BrokerTest, IsTheSameBusInEveryLifeOnceItHasATopic) {
  ASSERT_TRUE(start());
  const Uuid id = broker_->id();
  const auto posts =
      ensure("posts", {.partitions = 2, .retention_ms = 1000, .compacted = true, .segment_bytes = 1 << 20});
  ASSERT_TRUE(posts) << posts.error().what;
  for (int life = 0; life < 3; ++life) {
    crash();
    ASSERT_TRUE(start());
    EXPECT_EQ(broker_->id(), id);
    EXPECT_EQ(broker_->topics(), std::vector<Topic>{*posts});
    EXPECT_EQ(broker_->topic(posts->id), *posts);
  }
}

TEST_F(BrokerTest, ATopicThatNeverHadARecordMayStillGetAnotherNumberOfPartitions) {
  ASSERT_TRUE(start());
  const auto four = ensure("posts", {.partitions = 4});
  ASSERT_TRUE(four);
  for (const std::int32_t partitions : {8, 2}) {
    const auto changed = ensure("posts", {.partitions = partitions});
    ASSERT_TRUE(changed) << changed.error().what;
    EXPECT_EQ(changed->id, four->id);
    crash();
    ASSERT_TRUE(start());
    EXPECT_EQ(broker_->topic(four->id)->config.partitions, partitions);
    EXPECT_TRUE(log_->bounds({four->id, PartitionIndex{partitions - 1}}));
    EXPECT_FALSE(log_->bounds({four->id, PartitionIndex{partitions}}));
  }
  const auto holder = open("orders");
  ASSERT_TRUE(holder);
  ASSERT_TRUE(publish(*holder, 1, *ensure("posts", {.partitions = 2})));
  EXPECT_EQ(ensure("posts", {.partitions = 4}).error().code, Code::conflict);
}

TEST_F(BrokerTest, ChangesHowATopicIsKeptButNotItsId) {
  ASSERT_TRUE(start());
  const auto before = ensure("posts");
  ASSERT_TRUE(before);
  const TopicConfig config{.retention_ms = 5, .retention_bytes = 6, .segment_bytes = 1 << 20};
  const auto after = ensure("posts", config);
  ASSERT_TRUE(after) << after.error().what;
  EXPECT_EQ(after->id, before->id);
  crash();
  ASSERT_TRUE(start());
  EXPECT_EQ(broker_->topic(before->id)->config, config);
}

// Also when the log has stopped, and each of them is refused at once.
TEST_F(BrokerTest, ABoundedNumberOpensASourceAtOnce) {
  for (const bool stopped : {false, true}) {
    SCOPED_TRACE(stopped);
    crash();
    ASSERT_TRUE(start());
    if (stopped) world_.files().fail_next_sync();
    std::map<std::string_view, int> outcomes;
    for (int i = 0; i < 200; ++i)
      broker_->sources().open("orders", [&](auto opened) { ++outcomes[opened ? "open" : name(opened.error().code)]; });
    world_.run();
    if (!stopped) EXPECT_EQ(outcomes["open"], 65);
    EXPECT_EQ(outcomes["unavailable"], stopped ? 200 : 135);
  }
}

TEST_F(BrokerTest, AMissingPartitionIsDamageAndNotMadeAnew) {
  ASSERT_TRUE(start());
  const auto posts = ensure("posts");
  ASSERT_TRUE(posts);
  ASSERT_TRUE(log_->remove({posts->id, {2}}));
  const auto again = start();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::corrupt);
  EXPECT_NE(again.error().what.find("topic posts: partition 2"), std::string::npos) << again.error().what;
}

TEST_F(BrokerTest, AMissingInternalTopicIsDamageAndNotMadeAnew) {
  for (const auto& [partition, name] :
       {std::pair{topics_partition(), "__leat_topics"}, {sources_partition(), "__leat_sources"}}) {
    SCOPED_TRACE(name);
    crash();
    ASSERT_TRUE(platform::remove_tree(platform_.files, "/data"));
    ASSERT_TRUE(platform_.files.make_directory("/data"));
    ASSERT_TRUE(start());
    ASSERT_TRUE(ensure("posts"));
    ASSERT_TRUE(log_->remove(partition));
    const auto again = start();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::corrupt);
    EXPECT_NE(again.error().what.find(name), std::string::npos) << again.error().what;
  }
}

// Wherever the power goes while a topic is made, the next life finishes it or knows nothing of it.
TEST_F(BrokerTest, AnInterruptedCreationIsFinished) {
  int finished = 0;
  for (std::uint64_t operations = 0; operations < 80; ++operations) {
    SCOPED_TRACE(operations);
    ASSERT_TRUE(start());
    const std::string name = "topic-" + std::to_string(operations);
    world_.files().crash_after(operations);
    const auto made = ensure(name);
    crash();
    ASSERT_TRUE(start());
    std::optional<Topic> found;
    for (const Topic& topic : broker_->topics())
      if (topic.name == name) found = topic;
    if (made) {
      EXPECT_EQ(found, *made);
    }
    if (found && !made) ++finished;
    const auto again = ensure(name);
    ASSERT_TRUE(again) << again.error().what;
    if (found) {
      EXPECT_EQ(again->id, found->id);
    }
    for (std::int32_t i = 0; i < 4; ++i) EXPECT_TRUE(log_->bounds({again->id, {i}}));
  }
  EXPECT_GT(finished, 3);
}

TEST_F(BrokerTest, AFullDiskLeavesNoHalfTopicBehind) {
  ASSERT_TRUE(start());
  ASSERT_TRUE(ensure("first"));
  world_.files().set_capacity(1);
  const auto refused = ensure("posts");
  ASSERT_FALSE(refused);
  EXPECT_EQ(broker_->topics().size(), 1u);
  world_.files().set_capacity(0);
  ASSERT_TRUE(start());
  EXPECT_TRUE(ensure("posts"));
}

TEST_F(BrokerTest, SourcesAreFencedNumberedAndKept) {
  ASSERT_TRUE(start());
  const auto posts = ensure("posts");
  const auto first = open("orders");
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_EQ(first->last, 0u);
  ASSERT_TRUE(publish(*first, 5, *posts));
  EXPECT_EQ(publish(*first, 5, *posts).error().code, Code::invalid);
  const auto second = open("orders");
  ASSERT_TRUE(second);
  EXPECT_GT(second->epoch, first->epoch);
  EXPECT_EQ(second->last, 5u);
  EXPECT_EQ(publish(*first, 6, *posts).error().code, Code::fenced);
  crash();
  ASSERT_TRUE(start());
  const auto third = open("orders");
  ASSERT_TRUE(third);
  EXPECT_GT(third->epoch, second->epoch);
  EXPECT_EQ(third->last, 5u);
  EXPECT_EQ(open("stock")->last, 0u);
}

TEST_F(BrokerTest, SourceNamesAndTheirNumberAreBounded) {
  ASSERT_TRUE(start({.sources_max = 2}));
  for (const std::string& bad : {std::string(), std::string("a b"), std::string(250, 'a'), std::string("\xff")})
    EXPECT_EQ(open(bad).error().code, Code::invalid) << bad;
  EXPECT_TRUE(open("/social/orders"));
  EXPECT_TRUE(open("b"));
  EXPECT_EQ(open("c").error().code, Code::too_large);
  EXPECT_TRUE(open("b"));
}

TEST_F(BrokerTest, AnInternalTopicStaysSmallHoweverMuchIsPublished) {
  constexpr std::uint64_t bound = 3000;
  ASSERT_TRUE(start({.compact_bytes = bound}));
  const auto posts = ensure("posts");
  const auto holder = open("orders");
  std::uint64_t most = 0;
  for (std::uint64_t n = 1; n <= 500; ++n) {
    ASSERT_TRUE(publish(*holder, n, *posts));
    world_.run();
    const auto bounds = log_->bounds(sources_partition());
    std::uint64_t bytes = 0;
    for (Offset at = bounds->start; at < bounds->durable_end;) {
      const auto slice = log_->read(sources_partition(), at, 1 << 20);
      ASSERT_TRUE(slice) << slice.error().what;
      bytes += slice->batches.size();
      at = slice->next;
    }
    most = std::max(most, bytes);
  }
  EXPECT_GT(broker_->compactions(), 5u);
  EXPECT_LT(most, 2 * bound);
  crash();
  ASSERT_TRUE(start());
  EXPECT_EQ(open("orders")->last, 500u);
}

TEST_F(BrokerTest, RetentionRunsOnlyWhereATopicAsksForIt) {
  ASSERT_TRUE(start());
  const auto kept = ensure("kept", {.partitions = 1, .segment_bytes = 64 << 10});
  world_.run();  // ends: there is no timer
  const auto fleeting = ensure("fleeting", {.partitions = 1, .retention_ms = 60'000, .segment_bytes = 64 << 10});
  const auto holder = open("orders");
  for (std::uint64_t n = 0; n < 8; ++n) {
    ASSERT_TRUE(publish(*holder, 2 * n + 1, *kept, std::string(40'000, 'x')));
    ASSERT_TRUE(publish(*holder, 2 * n + 2, *fleeting, std::string(40'000, 'x')));
  }
  world_.run_until([&] { return log_->bounds({fleeting->id, {0}})->start > Offset{0}; }, 1000);
  EXPECT_GT(log_->bounds({fleeting->id, {0}})->start, Offset{0});
  EXPECT_EQ(log_->bounds({kept->id, {0}})->start, Offset{0});
}

}  // namespace
}  // namespace leat::broker
