#include "app/watch.h"

#include <gtest/gtest.h>

#include "platform/sim.h"

namespace leat::app {

TEST(Watch, SeesEditsRemovalsAndReturnsButNotTouches) {
  platform::SimWorld world(1);
  auto& files = world.files();
  const auto write = [&](std::string_view text) { ASSERT_TRUE(platform::replace_file(files, "/a.yaml", text)); };
  write("one");
  Watch watch(files);
  watch.follow({"/a.yaml", "/b.yaml"});
  EXPECT_FALSE(watch.changed());
  write("one");
  EXPECT_FALSE(watch.changed()) << "the same content";
  write("two");
  EXPECT_TRUE(watch.changed());
  EXPECT_FALSE(watch.changed()) << "told once";
  ASSERT_TRUE(files.remove("/a.yaml"));
  EXPECT_TRUE(watch.changed());
  write("two");
  EXPECT_TRUE(watch.changed());
  ASSERT_TRUE(platform::replace_file(files, "/b.yaml", "new"));
  EXPECT_TRUE(watch.changed()) << "a file that was missing";
  write("edited while the system was read");
  watch.follow({"/a.yaml"});
  EXPECT_TRUE(watch.changed()) << "following again forgets no edit";
}

}  // namespace leat::app
