// The whole way: command, state and outbox, relay, bus, read model, query.
#include "service/runtime.h"

#include <gmock/gmock.h>

#include "service/test_machine.h"

namespace leat::service {
namespace {

TEST(System, ACommandIsSeenByAQueryOfAnotherService) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    ASSERT_TRUE(machine.start(SocialPlan().system()));

    const auto user = machine.call("POST", "/api/users", R"({"username":"cat_sun_dog"})");
    EXPECT_EQ(user.status, 201) << user.body;
    EXPECT_EQ(user.body, R"({"id":1,"username":"cat_sun_dog"})");
    const auto post = machine.call("POST", "/api/posts", R"({"content":"hello","authorId":1})");
    EXPECT_EQ(post.status, 201) << post.body;

    const auto seen = machine.call("GET", "/api/posts/1", "", {{"Leat-Position", header(user, "Leat-Position")}});
    EXPECT_EQ(seen.status, 200);
    EXPECT_EQ(seen.body, R"({"id":1,"content":"hello","author":{"id":1,"username":"cat_sun_dog"}})");
    EXPECT_EQ(header(seen, "Leat-Stale"), "");
    EXPECT_NE(header(seen, "Leat-Position"), "");
  }
}

// As when its folder cannot be written to.
TEST(System, AServiceWhoseReadModelsCannotBeOpenedIsToldAndTheOthersRun) {
  TestMachine machine;
  auto& files = machine.world.files();
  ASSERT_TRUE(files.make_directory("data"));
  ASSERT_TRUE(files.make_directory("data/social"));
  ASSERT_TRUE(files.open("data/social/read_models", platform::Open::create));
  const auto started = machine.start(SocialPlan().system());
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().what, testing::HasSubstr("service social"));
  EXPECT_NE(started.error().code, Code::timeout);
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 503);
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"others go on"})").status, 201);
  EXPECT_TRUE(machine.wait([&](auto done) { machine.system->stop(std::move(done)); }));
}

}  // namespace
}  // namespace leat::service
