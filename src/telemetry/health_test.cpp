#include "telemetry/health.h"

#include <gtest/gtest.h>

namespace leat::telemetry {
namespace {

TEST(Health, IsReadyWhileEveryConditionIsGood) {
  Health health;
  EXPECT_TRUE(health.ready());
  health.set("log", true);
  health.set("read model a.b", false, "no such column");
  EXPECT_FALSE(health.ready());
  health.set("read model a.b", true);
  EXPECT_TRUE(health.ready());
}

TEST(Health, AConditionThatIsRemovedNoLongerCounts) {
  Health health;
  health.set("service a", false, "stopped");
  health.remove("service a");
  EXPECT_TRUE(health.ready());
  EXPECT_TRUE(health.all().empty());
}

TEST(Health, TellsEveryConditionByName) {
  Health health;
  health.set("b", false, "why");
  health.set("a", true);
  const auto all = health.all();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "a");
  EXPECT_EQ(all[1].why, "why");
}

}  // namespace
}  // namespace leat::telemetry
