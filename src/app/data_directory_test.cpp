#include "app/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/sim.h"

namespace leat::app {

using ::testing::HasSubstr;

TEST(DataDirectory, HasOneHolderAtATime) {
  platform::SimWorld world(1);
  {
    const auto first = DataDirectory::open(world.platform(), "/data");
    ASSERT_TRUE(first);
    const auto second = DataDirectory::open(world.platform(), "/data");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::conflict);
    EXPECT_THAT(second.error().what, HasSubstr("in use by another process"));
  }
  EXPECT_TRUE(DataDirectory::open(world.platform(), "/data"));
}

// What lies in it may be acknowledged at once, so its own name must be on the disk first.
TEST(DataDirectory, OutlivesAPowerCutFromTheMomentItIsOpen) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    platform::SimWorld world(seed);
    ASSERT_TRUE(world.files().make_directory("/srv"));
    ASSERT_TRUE(world.files().sync_directory("/"));
    ASSERT_TRUE(DataDirectory::open(world.platform(), "/srv/data"));
    world.files().crash();
    world.restart();
    for (const char* path : {"/srv/data/format", "/srv/data/log", "/srv/data/services"})
      EXPECT_EQ(world.files().exists(path), true) << path;
  }
}

TEST(DataDirectory, LeavesDataOfAnotherFormatAlone) {
  platform::SimWorld world(1);
  ASSERT_TRUE(world.files().make_directory("/data"));
  ASSERT_TRUE(platform::replace_file(world.files(), "/data/format", "leat data 2\n"));
  const auto opened = DataDirectory::open(world.platform(), "/data");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::invalid);
  EXPECT_THAT(opened.error().what, HasSubstr("leat data 2"));
  EXPECT_EQ(world.files().exists("/data/log"), false);
}

TEST(DataDirectory, TellsCommandsWhereTheProgramIs) {
  platform::SimWorld world(1);
  EXPECT_EQ(find_running(world.files(), "/data").error().code, Code::not_found);
  {
    auto directory = DataDirectory::open(world.platform(), "/data");
    ASSERT_TRUE(directory && directory->announce("127.0.0.1:1", "127.0.0.1:2"));
    const auto running = find_running(world.files(), "/data");
    ASSERT_TRUE(running);
    EXPECT_EQ(running->http, "127.0.0.1:1");
    EXPECT_EQ(running->admin, "127.0.0.1:2");
    EXPECT_EQ(running->token, directory->token());
    EXPECT_EQ(running->token.size(), 64u);
  }
  EXPECT_EQ(find_running(world.files(), "/data").error().code, Code::not_found);
}

// The announcement of a program that was killed is not taken for a running one.
TEST(DataDirectory, DoesNotBelieveADeadAnnouncement) {
  platform::SimWorld world(1);
  ASSERT_TRUE(world.files().make_directory("/data"));
  ASSERT_TRUE(platform::replace_file(world.files(), "/data/running.json", R"({"http":"x","admin":"y","token":"z"})"));
  EXPECT_EQ(find_running(world.files(), "/data").error().code, Code::not_found);
}

}  // namespace leat::app
