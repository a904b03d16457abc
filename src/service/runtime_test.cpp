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

}  // namespace
}  // namespace leat::service
