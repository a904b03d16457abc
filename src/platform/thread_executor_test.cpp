#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "platform/real.h"

namespace leat::platform {
namespace {

using std::chrono::hours;

// Waits for everything posted before, on an executor of one thread.
void settle(Executor& executor) {
  std::promise<void> done;
  executor.post([&] { done.set_value(); });
  done.get_future().wait();
}

TEST(ThreadExecutor, WithOneThreadRunsTasksInTheOrderOfTheirPosts) {
  const auto executor = ThreadExecutors().open("one", 1);
  std::vector<int> seen;  // no lock: the executor owns it
  for (int i = 0; i < 10'000; ++i) executor->post([&seen, i] { seen.push_back(i); });
  settle(*executor);
  ASSERT_EQ(seen.size(), 10'000u);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_EQ(executor->queued(), 0u);
}

TEST(ThreadExecutor, RunsAsManyTasksAtOnceAsItHasThreads) {
  const auto executor = ThreadExecutors().open("many-with-a-long-name", 3);
  std::latch together(3), after(3);
  for (int i = 0; i < 3; ++i) {
    executor->post([&] {
      together.arrive_and_wait();  // passes only when three tasks run at once
      after.count_down();
    });
  }
  after.wait();
}

TEST(ThreadExecutor, LosesNoPostOfManyThreads) {
  for (const unsigned threads : {1u, 4u}) {
    std::atomic<int> ran = 0;
    constexpr int posters = 4, each = 5'000;
    std::latch all(posters * each);
    const auto executor = ThreadExecutors().open("busy", threads);
    std::vector<std::jthread> from;
    for (int p = 0; p < posters; ++p) {
      from.emplace_back([&] {
        for (int i = 0; i < each; ++i) {
          executor->post([&] {
            ++ran;
            all.count_down();
          });
        }
      });
    }
    all.wait();
    EXPECT_EQ(ran, posters * each) << threads;
  }
}

TEST(ThreadExecutor, TasksMayPost) {
  const auto executor = ThreadExecutors().open("chain", 1);
  std::promise<int> done;
  std::function<void(int)> next = [&](int n) {
    if (n == 1000) return done.set_value(n);
    executor->post([&next, n] { next(n + 1); });
  };
  executor->post([&] { next(0); });
  EXPECT_EQ(done.get_future().get(), 1000);
}

TEST(ThreadExecutor, RunsTimersInTheOrderOfTheirTime) {
  for (const unsigned threads : {1u, 3u}) {
    const auto executor = ThreadExecutors().open("timers", threads);
    std::promise<void> late, early;
    executor->post_after(hours(1), [] { FAIL() << "an hour has not passed"; });
    const auto start = RealClock().now();
    executor->post_after(std::chrono::milliseconds(3), [&] { late.set_value(); });
    executor->post_after(std::chrono::milliseconds(1), [&] { early.set_value(); });
    early.get_future().wait();
    late.get_future().wait();
    EXPECT_GE(RealClock().now() - start, std::chrono::milliseconds(3));
    EXPECT_EQ(executor->queued(), 0u);
  }
}

TEST(ThreadExecutor, EndsWithTheRunningTaskAndDestroysTheOthersUnrun) {
  struct Witness {
    std::atomic<int>& destroyed;
    ~Witness() { ++destroyed; }
  };
  std::atomic<int> destroyed = 0, ran = 0;
  std::promise<void> begun, may_finish;
  auto executor = ThreadExecutors().open("ending", 1);
  executor->post([&] {
    begun.set_value();
    may_finish.get_future().wait();
    ++ran;
  });
  begun.get_future().wait();
  for (int i = 0; i < 100; ++i) executor->post([&, w = std::make_unique<Witness>(destroyed)] { ++ran; });
  executor->post_after(hours(1), [&, w = std::make_unique<Witness>(destroyed)] { ++ran; });
  EXPECT_EQ(executor->queued(), 100u);
  std::jthread ender([&] { executor.reset(); });
  may_finish.set_value();
  ender.join();
  EXPECT_GE(ran, 1);          // the one that had begun; others only if they came before the end
  EXPECT_EQ(destroyed, 101);  // the timer's too, and it never ran
}

TEST(ThreadExecutor, EndsThoughItsTasksPostForEver) {
  for (const unsigned threads : {1u, 3u}) {
    auto executor = ThreadExecutors().open("for-ever", threads);
    std::promise<void> begun;
    std::function<void()> again = [&, to = executor.get()] { to->post([&] { again(); }); };
    executor->post([&] {
      begun.set_value();
      again();
    });
    begun.get_future().wait();
    executor.reset();
  }
}

TEST(ThreadExecutor, WhatDiesWithATaskMayStillPost) {
  struct Farewell {
    Executor& to;
    ~Farewell() {
      to.post([] { FAIL() << "ran after the end"; });
    }
  };
  auto executor = ThreadExecutors().open("farewell", 1);
  executor->post_after(hours(1), [f = std::make_unique<Farewell>(*executor)] {});
  executor.reset();
}

}  // namespace
}  // namespace leat::platform
