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
  progress.when_reached({far}, &first, [&] { ++woken; });
  progress.when_reached({far}, &second, [&] { woken += 10; });
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
  std::optional<bool> stale;
  PositionWait::begin(Wanted{{}, {{"social", 1'000'000}}}, {}, relays, std::chrono::seconds(1), *timers,
                      [&](bool is) { stale = is; });
  EXPECT_EQ(relay->asked(), 1u);
  world.run_until([&] { return stale.has_value(); });
  EXPECT_EQ(stale, true);
  EXPECT_EQ(relay->asked(), 0u);
}

}  // namespace leat::service
