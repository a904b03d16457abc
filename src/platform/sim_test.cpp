#include "platform/sim.h"

#include <functional>
#include <memory>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leat::platform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a world does with tasks that post, wait and draw numbers, as text.
std::string story(std::uint64_t seed) {
  SimWorld world(seed);
  const Platform platform = world.platform();
  std::string told;
  const auto a = platform.executors.open("a", 1), b = platform.executors.open("b", 2);
  for (int i = 0; i < 20; ++i) {
    a->post([&, i] {
      told += fmt::format("a{} ", i);
      b->post([&, i] { told += fmt::format("b{} {} ", i, platform.random.next() % 10); });
    });
    b->post_after(milliseconds(i), [&] { told += fmt::format("t{} ", platform.clock.unix_ms()); });
  }
  EXPECT_EQ(world.run(), 60u);
  return told;
}

TEST(SimWorld, TheSameSeedTellsTheSameStory) {
  std::set<std::string> stories;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::string told = story(seed);
    EXPECT_EQ(story(seed), told) << "seed " << seed;
    stories.insert(told);
  }
  EXPECT_EQ(stories.size(), 50u);
}

TEST(SimWorld, OneThreadKeepsOrderAndSeveralMixIt) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimWorld world(seed);
    const auto one = world.platform().executors.open("one", 1), two = world.platform().executors.open("two", 2);
    std::string first, second;
    for (const char c : {'a', 'b', 'c'}) {
      one->post([&first, c] { first += c; });
      two->post([&second, c] { second += c; });
    }
    EXPECT_EQ(one->queued(), 3u);
    world.run();
    EXPECT_EQ(first, "abc") << "seed " << seed;
    orders.insert(second);
  }
  // c cannot begin before one of the two before it has.
  EXPECT_EQ(orders, (std::set<std::string>{"abc", "acb", "bac", "bca"}));
}

TEST(SimWorld, TheClockJumpsToTheNextTimerWhenNothingIsReady) {
  SimWorld world(7);
  const Platform platform = world.platform();
  const auto executor = platform.executors.open("timers", 1);
  const Instant start = platform.clock.now();
  const std::int64_t wall = platform.clock.unix_ms();
  std::vector<Duration> after;
  for (const int s : {3600, 2, 10}) {
    executor->post_after(seconds(s), [&] { after.push_back(platform.clock.now() - start); });
  }
  world.run();
  ASSERT_EQ(after.size(), 3u);
  int i = 0;
  for (const int s : {2, 10, 3600}) {
    EXPECT_GE(after[i], seconds(s));
    EXPECT_LT(after[i++], seconds(s) + milliseconds(1));
  }
  EXPECT_GE(platform.clock.unix_ms(), wall + 3'600'000);
}

TEST(SimWorld, ABusyTaskDoesNotKeepTimersFromTheirTime) {
  SimWorld world(3);
  const auto executor = world.platform().executors.open("busy", 1);
  bool rang = false;
  std::function<void()> again = [&] {
    if (!rang) executor->post([&] { again(); });
  };
  executor->post([&] { again(); });
  executor->post_after(milliseconds(20), [&] { rang = true; });
  EXPECT_TRUE(world.run_until([&] { return rang; }, 100'000));
}

TEST(SimWorld, TheWallClockJumpsAloneAndAdvanceMovesBoth) {
  SimWorld world(1);
  Clock& clock = world.platform().clock;
  const Instant now = clock.now();
  const std::int64_t wall = clock.unix_ms();
  world.jump_wall_clock(-60'000);
  EXPECT_EQ(clock.unix_ms(), wall - 60'000);
  EXPECT_EQ(clock.now(), now);
  world.advance(seconds(60));
  EXPECT_EQ(clock.unix_ms(), wall);
  EXPECT_EQ(clock.now(), now + seconds(60));
}

TEST(SimWorld, AnExecutorTakesItsTasksAndTimersWithIt) {
  SimWorld world(1);
  auto gone = world.platform().executors.open("gone", 1), kept = world.platform().executors.open("kept", 1);
  const auto witness = std::make_shared<int>();
  int ran = 0;
  gone->post([&, witness] { ran += 100; });
  gone->post_after(seconds(1), [&, witness] { ran += 100; });
  kept->post([&] { ++ran; });
  gone.reset();
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_EQ(world.run(), 1u);
  EXPECT_EQ(ran, 1);
}

TEST(SimWorld, NothingRunsBetweenCrashAndRestart) {
  SimWorld world(5);
  const Platform platform = world.platform();
  int ran = 0;
  {
    const auto program = platform.executors.open("program", 1);
    program->post([&] {
      ++ran;
      EXPECT_EQ(platform.files.make_directory("d").error().code, Code::io);
      program->post([&] { ++ran; });
    });
    world.files().crash_after(1);
    EXPECT_FALSE(world.run_until([] { return false; }));
    EXPECT_EQ(ran, 1);
    EXPECT_FALSE(world.step());
  }
  const Instant before = platform.clock.now();
  world.restart();
  EXPECT_GE(platform.clock.now(), before);
  EXPECT_TRUE(platform.files.make_directory("d"));
  const auto program = platform.executors.open("program", 1);
  program->post([&] { ++ran; });
  EXPECT_EQ(world.run(), 1u);
  EXPECT_EQ(ran, 2);
}

TEST(SimWorld, RunEndsAfterItsSteps) {
  SimWorld world(2);
  const auto executor = world.platform().executors.open("endless", 1);
  std::function<void()> again = [&] { executor->post_after(seconds(1), [&] { again(); }); };
  again();
  EXPECT_EQ(world.run(10), 10u);
}

}  // namespace
}  // namespace leat::platform
