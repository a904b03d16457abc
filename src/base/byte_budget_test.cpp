#include "base/byte_budget.h"

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat {
namespace {

using testing::ElementsAre;
using Lease = ByteBudget::Lease;

constexpr auto user = ByteUser::appends;  // the one that may take everything

TEST(ByteBudget, GivesWhatItHasAndNoMore) {
  ByteBudget budget(100);
  auto first = budget.try_take(user, 60);
  ASSERT_TRUE(first);
  EXPECT_FALSE(budget.try_take(user, 41));
  EXPECT_EQ(budget.available(), 40u) << "a refusal takes nothing";
  EXPECT_TRUE(budget.try_take(user, 40));
  EXPECT_EQ(budget.available(), 40u) << "a lease gives back when it ends";
  EXPECT_FALSE(budget.try_take(user, 101));
  EXPECT_FALSE(budget.try_take(user, SIZE_MAX));
  EXPECT_TRUE(budget.try_take(user, 0));
}

TEST(ByteBudget, AMovedLeaseGivesBackOnce) {
  ByteBudget budget(100);
  {
    auto lease = *budget.try_take(user, 30);
    Lease other = std::move(lease);
    EXPECT_EQ(other.bytes(), 30u);
    EXPECT_EQ(budget.available(), 70u);
    other = *budget.try_take(user, 50);
    EXPECT_EQ(budget.available(), 50u) << "the thirty came back";
    other.give_back(20);
    EXPECT_EQ(other.bytes(), 30u);
    EXPECT_EQ(budget.available(), 70u);
    other.add(*budget.try_take(user, 5));
    EXPECT_EQ(other.bytes(), 35u);
    Lease none;
    none.add(std::move(other));
    EXPECT_EQ(none.bytes(), 35u);
    EXPECT_EQ(budget.available(), 65u);
  }
  EXPECT_EQ(budget.available(), 100u);
}

TEST(ByteBudget, EachUserLeavesRoomForThoseBehindIt) {
  ByteBudget budget(1600);
  std::vector<Lease> held;
  for (std::size_t i = 0; i < byte_user_count; ++i) {
    const auto next = static_cast<ByteUser>(i);
    EXPECT_EQ(budget.most(next), 1200 + i * 100) << name(next);
    const std::size_t more = i == 0 ? 1200 : 100;
    EXPECT_FALSE(budget.try_take(next, more + 1)) << name(next);
    held.push_back(*budget.try_take(next, more));
    EXPECT_EQ(budget.usage(next).leased, more);
  }
  EXPECT_EQ(budget.available(), 0u);
}

// Waiters of a test, by name: who was granted, in the order of the grants.
struct Queue {
  ByteBudget& budget;
  std::vector<std::string> granted = {};
  std::deque<Lease> leases = {};

  std::optional<ByteBudget::Wait> wait(std::string name, std::size_t bytes, ByteUser who = user) {
    return budget.wait(who, bytes, [this, name = std::move(name)](Lease lease) {
      granted.push_back(name);
      leases.push_back(std::move(lease));
    });
  }
};

TEST(ByteBudget, WakesInOrderAndNobodyOvertakes) {
  ByteBudget budget(100);
  auto all = *budget.try_take(user, 100);
  Queue queue{budget};
  const auto a = queue.wait("a", 60), b = queue.wait("b", 10), c = queue.wait("c", 50);
  EXPECT_EQ(budget.usage(user).waiting, 3u);
  all.give_back(50);
  EXPECT_THAT(queue.granted, ElementsAre()) << "b would fit; it is not its turn";
  EXPECT_FALSE(budget.try_take(user, 1)) << "nor may a newcomer overtake";
  all.give_back(20);
  EXPECT_THAT(queue.granted, ElementsAre("a", "b"));
  std::exchange(queue.leases, {}).clear();  // a grant comes while they go
  EXPECT_THAT(queue.granted, ElementsAre("a", "b", "c"));
  EXPECT_EQ(budget.usage(user).waiting, 0u);
  EXPECT_EQ(budget.usage(user).waits, 3u);
}

TEST(ByteBudget, AWaitThatIsGivenUpLetsTheNextOneIn) {
  ByteBudget budget(100);
  const auto some = *budget.try_take(user, 50);
  Queue queue{budget};
  auto large = queue.wait("large", 60);
  const auto small = queue.wait("small", 40);
  EXPECT_THAT(queue.granted, ElementsAre());
  large.reset();
  EXPECT_THAT(queue.granted, ElementsAre("small"));
  EXPECT_EQ(budget.available(), 10u);
}

TEST(ByteBudget, WhatIsThereIsGrantedAtOnce) {
  ByteBudget budget(100);
  Queue queue{budget};
  EXPECT_TRUE(queue.wait("a", 100));
  EXPECT_THAT(queue.granted, ElementsAre("a"));
}

TEST(ByteBudget, ThoseThatMayNotBeStarvedAreServedFirst) {
  ByteBudget budget(1600);
  auto all = *budget.try_take(ByteUser::appends, 1600);
  Queue queue{budget};
  const auto first = queue.wait("request", 100, ByteUser::requests);
  const auto second = queue.wait("append", 100, ByteUser::appends);
  all.give_back(499);
  EXPECT_THAT(queue.granted, ElementsAre("append")) << "a request leaves 400 to others";
  all.give_back(101);
  EXPECT_THAT(queue.granted, ElementsAre("append", "request"));
}

TEST(ByteBudget, NobodyWaitsForEverAndNotMoreThanAreAllowed) {
  ByteBudget budget(160, 2);
  const auto all = *budget.try_take(user, 160);
  Queue queue{budget};
  EXPECT_FALSE(queue.wait("never", 121, ByteUser::requests)) << "it could not even have them alone";
  const auto a = queue.wait("a", 1), b = queue.wait("b", 1);
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(queue.wait("c", 1)) << "two may wait";
  EXPECT_TRUE(queue.wait("other", 1, ByteUser::requests)) << "of each user";
}

// A grant that is dropped at once wakes the next, ten thousand times over: not one call within another.
TEST(ByteBudget, DroppedGrantsDoNotPileUpOnTheStack) {
  constexpr int count = 10'000;
  ByteBudget budget(1, count);
  auto all = *budget.try_take(user, 1);
  int granted = 0, deep = 0, deepest = 0;
  std::deque<ByteBudget::Wait> waits;
  for (int i = 0; i < count; ++i) {
    waits.push_back(*budget.wait(user, 1, [&](Lease lease) {
      deepest = std::max(deepest, ++deep);
      ++granted;
      lease = {};
      --deep;
    }));
  }
  all.give_back(1);
  EXPECT_EQ(granted, count);
  EXPECT_EQ(deepest, 1);
}

TEST(ByteBudget, HoldsItsBoundUnderManyThreads) {
  ByteBudget budget(10);
  std::atomic<std::size_t> out = 0;
  std::atomic<bool> exceeded = false;
  {
    std::vector<std::jthread> threads;
    for (std::size_t size : {3, 4, 5, 7}) {
      threads.emplace_back([&, size] {
        for (int i = 0; i < 20'000; ++i) {
          const auto lease = budget.try_take(user, size);
          if (!lease) continue;
          const auto lent = out += size;
          if (lent > 10) exceeded = true;
          out -= size;
        }
      });
    }
  }
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(budget.available(), 10u);
}

// Every wait ends, also when the last bytes came back while it was queueing: a lost wake-up hangs this test.
TEST(ByteBudget, NoWaitIsForgottenUnderManyThreads) {
  ByteBudget budget(10);
  std::atomic<std::size_t> granted = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t size : {3, 4, 5, 7}) {
      threads.emplace_back([&, size] {
        for (int i = 0; i < 5'000; ++i) {
          const auto mine = std::make_shared<std::atomic<bool>>(false);  // outlives whoever is still telling us
          const auto wait = budget.wait(user, size, [&granted, mine](const Lease&) {
            ++granted;
            *mine = true;
            mine->notify_one();
          });
          mine->wait(false);
        }
      });
    }
  }
  EXPECT_EQ(granted, 20'000u);
  EXPECT_EQ(budget.available(), 10u);
}

}  // namespace
}  // namespace leat
