#include "app/new_system.h"

#include <gtest/gtest.h>

#include "app/load_plan.h"
#include "platform/sim.h"

namespace leat::app {

// What `leat new` writes is right, and so is every name that it may be given.
TEST(NewSystem, PassesItsOwnCheck) {
  platform::SimWorld world(1);
  auto& files = world.files();
  for (const auto& [path, text] : new_system("hello")) {
    const std::string whole = "/hello/" + path;
    ASSERT_TRUE(files.make_directory(whole.substr(0, whole.rfind('/'))));
    ASSERT_TRUE(platform::replace_file(files, whole, text));
  }
  const Loaded loaded = load_plan(world.platform(), "/hello");
  for (const auto& mistake : loaded.mistakes.sorted()) ADD_FAILURE() << mistake.text();
  EXPECT_EQ(describe(loaded.plan), "system hello: 2 services, 2 commands, 2 queries, 1 read model, 2 events");
}

}  // namespace leat::app
