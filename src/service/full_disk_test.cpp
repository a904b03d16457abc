// A full disk pauses what has to write, visibly; reads go on, and when there is room all goes on by itself.
#include <set>

#include <gmock/gmock.h>

#include "event/event.h"
#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t no_room = 1;

bus::Record user(int id, const std::string& username) {
  bus::Record out;
  out.timestamp_ms = 1000;
  event::Event event;
  event.id = std::to_string(id);
  event.source = "/elsewhere";
  event.type = "user.created";
  event.time = platform::rfc3339(1000);
  out.headers = event::to_headers(event);
  out.key = std::to_string(id);
  out.value = fmt::format(R"({{"id":{},"username":"{}"}})", id, username);
  return out;
}

ReadModelStatus authors(TestMachine& machine) { return machine.status().services[1].read_models.at(0); }

void run_until_phase(TestMachine& machine, Phase phase) {
  ASSERT_TRUE(machine.world.run_until([&] { return authors(machine).phase == phase; }, 2'000'000));
}

// "name: why" of what does not hold.
std::vector<std::string> complaints(TestMachine& machine) {
  std::vector<std::string> out;
  for (const auto& condition : machine.health.all())
    if (!condition.ok) out.push_back(condition.name + ": " + condition.why);
  return out;
}

TEST(FullDisk, AReadModelPausesVisiblyAndGoesOnFromWhereItWas) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    Options options;
    options.delivery_bytes = 150;
    ASSERT_TRUE(machine.start(SocialPlan().system(), options));
    machine.bus.put("users", 0, user(1, "first"));
    machine.world.run_until([&] { return authors(machine).lag_events == 0 && authors(machine).phase == Phase::live; });

    machine.world.files().set_capacity(no_room);
    for (int id = 2; id <= 30; ++id) machine.bus.put("users", id % 4, user(id, fmt::format("user{}", id)));
    run_until_phase(machine, Phase::paused);
    const auto paused = authors(machine);
    EXPECT_THAT(paused.reason, HasSubstr("paused: no space"));
    EXPECT_EQ(paused.lag_events, 29);
    EXPECT_THAT(complaints(machine), testing::ElementsAre(HasSubstr("read model social.authors: paused: no space")));
    EXPECT_THAT(machine.metrics.render(),
                HasSubstr("leat_read_model_paused{read_model=\"authors\",service=\"social\"} 1"));
    const auto seen = machine.call("GET", "/api/authors/1");
    EXPECT_EQ(seen.body, R"({"username":"first"})");
    EXPECT_EQ(header(seen, "Leat-Stale"), "true");

    machine.world.files().set_capacity(0);
    run_until_phase(machine, Phase::live);
    machine.world.run_until([&] { return authors(machine).lag_events == 0; });
    EXPECT_EQ(machine.call("GET", "/api/authors/30").body, R"({"username":"user30"})");
    EXPECT_TRUE(machine.health.ready());
    EXPECT_EQ(authors(machine).reason, "");
    EXPECT_THAT(machine.metrics.render(),
                HasSubstr("leat_read_model_paused{read_model=\"authors\",service=\"social\"} 0"));
  }
}

TEST(FullDisk, AnEventThatCannotBeAppliedStillStopsTheReadModelRightThere) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.world.run_until([&] { return authors(machine).phase == Phase::live; });
  machine.world.files().set_capacity(no_room);
  machine.bus.put("users", 0, user(1, "first"));
  machine.bus.put("users", 0, user(1, "again"));
  run_until_phase(machine, Phase::paused);
  machine.world.files().set_capacity(0);
  run_until_phase(machine, Phase::stopped);
  EXPECT_THAT(authors(machine).reason, HasSubstr("users-0 offset 1 cannot be applied"));
  EXPECT_EQ(machine.call("GET", "/api/authors/1").body, R"({"username":"first"})");
}

TEST(FullDisk, CommandsAre507ReadsGoOnAndReadinessComesBackByItself) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  machine.world.run_until([&] { return machine.health.ready(); });
  machine.world.files().set_capacity(no_room);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"b"})").status, 507);
  EXPECT_THAT(complaints(machine), testing::ElementsAre(HasSubstr("commands social: paused: no space")));
  EXPECT_THAT(machine.status().services[1].trouble, HasSubstr("paused: no space"));
  EXPECT_THAT(machine.metrics.render(), HasSubstr("leat_commands_paused{service=\"social\"} 1"));
  EXPECT_EQ(machine.call("GET", "/api/posts/1").status, 200);

  machine.world.files().set_capacity(0);
  ASSERT_TRUE(machine.world.run_until([&] { return machine.health.ready(); }, 100'000));
  EXPECT_EQ(machine.status().services[1].trouble, "");
  EXPECT_THAT(machine.metrics.render(), HasSubstr("leat_commands_paused{service=\"social\"} 0"));
  const auto after = machine.call("POST", "/api/posts", R"({"content":"c"})");
  EXPECT_EQ(after.status, 201);
  EXPECT_EQ(after.body, R"({"id":2,"content":"c"})") << "nothing of what was refused was kept";
  EXPECT_EQ(machine.bus.all("posts").size(), 2u);
}

// What looks for room may find something else wrong: that is no lack of space, and is not told as one.
TEST(FullDisk, AnotherFailureIsNotCalledALackOfSpace) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.world.run_until([&] { return machine.health.ready(); });
  machine.world.files().set_capacity(no_room);
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 507);
  machine.world.files().set_capacity(0);
  machine.world.files().fail_next_sync();
  std::vector<std::string> told;
  const auto ended = machine.world.run_until(
      [&] {
        const std::string why = machine.status().services[1].trouble;
        if (!why.empty()) told.push_back(why);
        return why.empty();
      },
      100'000);
  ASSERT_TRUE(ended);
  EXPECT_THAT(told, testing::Contains(HasSubstr("I/O error"))) << "the failed flush";
  EXPECT_THAT(told, testing::Each(testing::Not(testing::AllOf(HasSubstr("no space"), HasSubstr("I/O")))));
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"b"})").status, 201);
}

TEST(FullDisk, EventsWaitForABusWhoseDiskIsFullAndArePublishedOnce) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.bus.refuse_publishing(true, Code::no_space);
  for (const char* content : {"a", "b"})
    EXPECT_EQ(machine.call("POST", "/api/posts", fmt::format(R"({{"content":"{}"}})", content)).status, 201);
  EXPECT_THAT(complaints(machine), testing::Contains(HasSubstr("outbox social: paused: no space")));
  EXPECT_THAT(machine.metrics.render(), HasSubstr("leat_outbox_paused{service=\"social\"} 1"));
  machine.bus.refuse_publishing(false);
  ASSERT_TRUE(machine.world.run_until([&] { return machine.bus.all("posts").size() == 2; }, 100'000));
  ASSERT_TRUE(machine.world.run_until([&] { return machine.health.ready(); }, 100'000));
  EXPECT_THAT(machine.metrics.render(), HasSubstr("leat_outbox_paused{service=\"social\"} 0"));
}

TEST(FullDisk, AServiceThatFoundNoRoomAtItsStartStartsWhenThereIs) {
  TestMachine machine;
  ASSERT_TRUE(machine.world.files().make_directory("data"));
  machine.world.files().set_capacity(no_room);
  EXPECT_EQ(machine.start(SocialPlan().system()).error().code, Code::no_space);
  EXPECT_FALSE(machine.health.ready());
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 503);
  machine.world.files().set_capacity(0);
  ASSERT_TRUE(machine.world.run_until([&] { return machine.health.ready(); }, 100'000));
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
}

// "service X" for each that does not run.
std::vector<std::string> not_running(TestMachine& machine) {
  std::vector<std::string> out;
  for (const auto& condition : machine.health.all())
    if (!condition.ok && condition.name.starts_with("service ")) out.push_back(condition.name + ": " + condition.why);
  return out;
}

TEST(FullDisk, WhenTheTopicsFindNoRoomAllServicesSaySoAndStartWhenThereIs) {
  TestMachine machine;
  machine.bus.refuse_topics(Code::no_space);
  EXPECT_EQ(machine.start(SocialPlan().system()).error().code, Code::no_space);
  EXPECT_THAT(not_running(machine), testing::ElementsAre(HasSubstr("service identity: topic posts: no topic today"),
                                                         HasSubstr("service social: topic posts: no topic today")));
  EXPECT_THAT(machine.call("POST", "/api/posts", R"({"content":"a"})").body, HasSubstr("no topic today"));
  EXPECT_FALSE(machine.wait([&](auto done) { machine.system->start_service("social", std::move(done)); }));
  machine.bus.refuse_topics(std::nullopt);
  ASSERT_TRUE(machine.world.run_until([&] { return machine.health.ready(); }, 1'000'000));
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
}

TEST(FullDisk, TopicsThatCannotBeMadeForAnotherReasonWaitForAnEditOrAStart) {
  TestMachine machine;
  machine.bus.refuse_topics(Code::conflict);
  EXPECT_EQ(machine.start(SocialPlan().system()).error().code, Code::conflict);
  EXPECT_EQ(not_running(machine).size(), 2u);
  machine.bus.refuse_topics(std::nullopt);
  EXPECT_TRUE(machine.wait([&](auto done) { machine.system->start_service("identity", std::move(done)); }));
  EXPECT_EQ(not_running(machine).size(), 1u);
  EXPECT_TRUE(machine.wait([&](auto done) { machine.system->reload(SocialPlan().system(), std::move(done)); }));
  ASSERT_TRUE(machine.world.run_until([&] { return machine.health.ready(); }, 1'000'000));
}

TEST(FullDisk, AServiceThatWasStartedByHandStartsWhenThereIsRoom) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  ASSERT_TRUE(machine.wait([&](auto done) { machine.system->stop_service("social", std::move(done)); }));
  const auto stopped = machine.call("POST", "/api/posts", R"({"content":"a"})");
  EXPECT_EQ(stopped.status, 503);
  EXPECT_EQ(header(stopped, "Retry-After"), "1");
  EXPECT_THAT(stopped.body, HasSubstr("social: stopped"));
  ASSERT_TRUE(platform::remove_tree(machine.world.files(), "data/social"));  // it has to make files
  machine.world.files().set_capacity(no_room);
  const auto refused = machine.wait([&](auto done) { machine.system->start_service("social", std::move(done)); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::no_space);
  machine.world.files().set_capacity(0);
  ASSERT_TRUE(machine.world.run_until([&] { return machine.health.ready(); }, 1'000'000));
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
}

// The waits double up to a bound, and two who wait do not come at the same moments.
TEST(FullDisk, TheWaitsDoubleUpToABoundAndAreSpread) {
  platform::SimWorld world(1);
  using std::chrono::milliseconds;
  Backoff backoff(milliseconds(100), milliseconds(400));
  std::set<platform::Duration> seen;
  for (const int whole : {100, 200, 400, 400, 400}) {
    const auto wait = backoff.next(world.platform().random);
    EXPECT_GE(wait, milliseconds(whole / 2));
    EXPECT_LE(wait, milliseconds(whole));
    seen.insert(wait);
  }
  EXPECT_EQ(seen.size(), 5u);
  backoff.reset();
  EXPECT_LE(backoff.next(world.platform().random), milliseconds(100));
}

}  // namespace
}  // namespace leat::service
