#include "app/watch.h"

#include <gtest/gtest.h>

#include "definition/content.h"
#include "platform/sim.h"

namespace leat::app {

TEST(Watch, SeesEditsRemovalsAndReturnsButNotTouches) {
  platform::SimWorld world(1);
  auto& files = world.files();
  const auto write = [&](std::string_view text) { ASSERT_TRUE(platform::replace_file(files, "/a.yaml", text)); };
  write("one");
  Watch watch(files);
  const auto as_they_are = [&] {
    return std::map<std::string, std::string>{{"/a.yaml", definition::content_of(files, "/a.yaml")},
                                              {"/b.yaml", definition::content_of(files, "/b.yaml")}};
  };
  watch.follow(as_they_are());
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
  const auto read = as_they_are();
  write("edited between reading and following");
  watch.follow(read);
  EXPECT_TRUE(watch.changed());
  EXPECT_FALSE(watch.changed());
}

}  // namespace leat::app
