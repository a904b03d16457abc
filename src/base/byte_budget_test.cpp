#include "base/byte_budget.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(ByteBudget, GivesWhatItHasAndNoMore) {
  ByteBudget budget(100);
  auto first = budget.try_take(60);
  ASSERT_TRUE(first);
  EXPECT_FALSE(budget.try_take(41));
  EXPECT_EQ(budget.available(), 40u) << "a refusal takes nothing";
  EXPECT_TRUE(budget.try_take(40));
  EXPECT_EQ(budget.available(), 40u) << "a lease gives back when it ends";
  EXPECT_FALSE(budget.try_take(101));
  EXPECT_TRUE(budget.try_take(0));
}

TEST(ByteBudget, AMovedLeaseGivesBackOnce) {
  ByteBudget budget(100);
  {
    auto lease = *budget.try_take(30);
    ByteBudget::Lease other = std::move(lease);
    EXPECT_EQ(other.bytes(), 30u);
    EXPECT_EQ(budget.available(), 70u);
    other = *budget.try_take(50);
    EXPECT_EQ(budget.available(), 50u) << "the thirty came back";
    other.give_back(20);
    EXPECT_EQ(other.bytes(), 30u);
    EXPECT_EQ(budget.available(), 70u);
  }
  EXPECT_EQ(budget.available(), 100u);
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
          const auto lease = budget.try_take(size);
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

}  // namespace
}  // namespace leat
