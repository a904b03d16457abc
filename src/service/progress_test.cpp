// Who waits for a position, and who does not any more.
#include "service/progress.h"

#include <gtest/gtest.h>

#include "service/relay.h"
#include "service/test_machine.h"

namespace leat::service {

TEST(Progress, ForgetsWhoWaitsNoLonger) {
  const TopicId topic{Uuid::v4({1})};
  const bus::Position far{Uuid::v4({2}), topic, PartitionIndex{0}, Epoch{0}, Offset{1000}};
  Progress progress({topic});
  int first = 0, second = 0, woken = 0;
  progress.when_reached({far}, &first, [&](bool) { ++woken; });
  progress.when_reached({far}, &second, [&](bool reached) { woken += reached ? 10 : 100; });
  progress.forget(&first);
  EXPECT_EQ(progress.waiting(), 1u);
  progress.advance({far});
  EXPECT_EQ(woken, 10);
  EXPECT_EQ(progress.waiting(), 0u);
}

// A client may name a number that is never given; what it asked for is gone with its patience.
TEST(Progress, ATokenThatNeverComesIsForgotten) {
  platform::SimWorld world(1);
  TestBus bus(world.platform());
  telemetry::Metrics metrics;
  telemetry::Health health;
  telemetry::Log log(world.platform().clock, telemetry::LogFormat::plain, telemetry::Level::error,
                     [](std::string_view) {});
  const auto timers = world.platform().executors.open("timers", 1);
  const auto relay =
      std::make_shared<Relay>("social", bus, world.platform(), *timers, telemetry::Telemetry{metrics, log, health},
                              Options{}, std::map<std::string, bus::Topic>{});
  const auto relays = std::make_shared<Relays>();
  relays->put("social", relay);
  std::optional<Waited> ended;
  PositionWait::begin(Wanted{{}, {{"social", 1'000'000}}}, {}, relays, std::chrono::seconds(1), *timers,
                      [&](Waited how) { ended = how; });
  EXPECT_EQ(relay->asked(), 1u);
  world.run_until([&] { return ended.has_value(); });
  EXPECT_EQ(ended, Waited::late);
  EXPECT_EQ(relay->asked(), 0u);
}

// Whoever waits for what will never come is told, also who comes later; what is there already counts all the same.
TEST(Progress, TellsWhoWaitsThatItHasEnded) {
  const TopicId topic{Uuid::v4({1})};
  const auto at = [&](std::int64_t next) {
    return bus::Position{Uuid::v4({2}), topic, PartitionIndex{0}, Epoch{0}, Offset{next}};
  };
  Progress progress({topic});
  progress.advance({at(5)});
  std::string told;
  const auto tell = [&](bool reached) { told += reached ? "reached " : "ended "; };
  progress.when_reached({at(6)}, &progress, tell);
  EXPECT_EQ(told, "");
  progress.end();
  EXPECT_EQ(told, "ended ");
  progress.when_reached({at(6)}, &progress, tell);
  progress.when_reached({at(5)}, &progress, tell);
  EXPECT_EQ(told, "ended ended reached ");
}

// Sixty-four tokens of one service, and a position again and again, are one token and one position.
TEST(Progress, WhatIsAskedForTwiceIsKeptOnce) {
  const Uuid bus = Uuid::v4({2});
  const auto at = [&](std::int32_t partition, std::int64_t next) {
    return bus::to_text({{bus, TopicId{Uuid::v4({1})}, PartitionIndex{partition}, Epoch{0}, Offset{next}}});
  };
  std::string header = at(1, 3) + ", " + at(0, 7) + "," + at(1, 9) + "," + at(1, 8);
  for (int i = 0; i < 100; ++i) header += ",outbox.social.4,outbox.social.3,outbox.identity.1";
  const auto wanted = parse_wanted(header, bus);
  ASSERT_TRUE(wanted) << wanted.error().what;
  ASSERT_EQ(wanted->positions.size(), 2u);
  EXPECT_EQ(wanted->positions[0].next, Offset{7});
  EXPECT_EQ(wanted->positions[1].next, Offset{9});
  EXPECT_EQ(wanted->tokens, (std::map<std::string, std::uint64_t, std::less<>>{{"identity", 1}, {"social", 4}}));
}

}  // namespace leat::service
