// The example that ships with Leat is read without a mistake, and means what it says.
#include <gtest/gtest.h>

#include "definition/load.h"
#include "platform/platform.h"

namespace leat::definition {
namespace {

TEST(SocialExample, IsReadWithoutAMistake) {
  Mistakes mistakes;
  const System system = load(platform::real().files, LEAT_EXAMPLES "/social", mistakes);
  for (const Mistake& mistake : mistakes.sorted()) ADD_FAILURE() << mistake.text();

  ASSERT_EQ(system.services.size(), 2u);
  const Service& social = system.services[1];
  EXPECT_EQ(system.name, "social");
  EXPECT_EQ(social.name, "social");
  EXPECT_EQ(social.topics.size(), 2u);
  EXPECT_EQ(social.state.size(), 2u);
  ASSERT_EQ(social.read_models.size(), 1u);
  EXPECT_EQ(social.read_models[0].when.size(), 2u);
  EXPECT_EQ(social.commands.size(), 2u);
  ASSERT_EQ(social.queries.size(), 2u);
  EXPECT_TRUE(social.queries[1].many);
  EXPECT_EQ(social.queries[1].limit_max, 100);
  ASSERT_EQ(social.queries[1].order.size(), 1u);
  EXPECT_TRUE(social.queries[1].order[0].descending);
  ASSERT_TRUE(system.event("user.created"));
  EXPECT_EQ(system.event("user.created")->topic, "users");
  EXPECT_EQ(system.event("user.created")->service, "identity");
}

}  // namespace
}  // namespace leat::definition
