// From the outbox to the bus: each event once and in order, whatever is lost on the way.
#include "service/relay.h"

#include <gmock/gmock.h>

#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::StartsWith;

std::vector<std::string> contents(TestMachine& machine) {
  std::vector<std::pair<std::string, std::string>> by_key;
  for (const auto& record : machine.bus.all("posts")) by_key.emplace_back(*record.key, *record.value);
  std::sort(by_key.begin(), by_key.end(),
            [](const auto& a, const auto& b) { return std::stoi(a.first) < std::stoi(b.first); });
  std::vector<std::string> out;
  for (const auto& [key, value] : by_key) out.push_back(value);
  return out;
}

TEST(Relay, EachEventIsPublishedOnceWhateverIsLost) {
  for (const auto lost : {TestBus::Lost::nothing, TestBus::Lost::request, TestBus::Lost::answer}) {
    SCOPED_TRACE(static_cast<int>(lost));
    TestMachine machine;
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    machine.bus.lose(lost);
    const auto first = machine.call("POST", "/api/posts", R"({"content":"a"})");
    const auto second = machine.call("POST", "/api/posts", R"({"content":"b"})");
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(second.status, 201);
    EXPECT_THAT(contents(machine), testing::ElementsAre(R"({"id":1,"content":"a"})", R"({"id":2,"content":"b"})"));
    // Where the answer was lost, the outbox number stands for the position.
    if (lost == TestBus::Lost::answer) {
      EXPECT_EQ(header(first, "Leat-Position"), "outbox.social.1");
    } else {
      EXPECT_TRUE(bus::parse_positions(header(first, "Leat-Position")));
    }
  }
}

TEST(Relay, ASuccessStandsWhenTheBusIsAwayAndItsTokenIsResolvedLater) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.bus.refuse_publishing(true);
  const auto user = machine.call("POST", "/api/users", R"({"username":"ada"})");
  EXPECT_EQ(user.status, 201);
  EXPECT_EQ(header(user, "Leat-Position"), "outbox.identity.1");

  // While the bus is away the query says so; when it is back it waits and sees.
  const auto early = machine.call("GET", "/api/authors/1", "", {{"Leat-Position", "outbox.identity.1"}});
  EXPECT_EQ(early.status, 404);
  EXPECT_EQ(header(early, "Leat-Stale"), "true");
  const auto waiting =
      machine.send("GET", "/api/authors/1", "", {{"Leat-Position", "outbox.identity.1"}, {"Leat-Wait", "30000"}});
  machine.bus.refuse_publishing(false);
  machine.world.run_until([&] { return waiting->has_value(); });
  EXPECT_EQ((*waiting)->status, 200);
  EXPECT_EQ((*waiting)->body, R"({"username":"ada"})");
  EXPECT_EQ(header(**waiting, "Leat-Stale"), "");
}

TEST(Relay, PositionsCoverAlsoWhatALostAnswerWouldHaveTold) {
  SocialPlan plan;
  auto social = plan.social();
  social.commands[0].emit.push_back(social.commands[0].emit[0]);
  TestMachine machine;
  Options options;
  options.publish_rows_max = 1;
  ASSERT_TRUE(machine.start(plan.system_of({plan.identity(), social}), options));
  const auto answer = machine.send("POST", "/api/posts", R"({"content":"a"})");
  machine.world.run_until([&] { return machine.bus.publishes() == 1; });
  machine.bus.lose(TestBus::Lost::answer);
  machine.world.run_until([&] { return answer->has_value(); });
  const auto positions = bus::parse_positions(header(**answer, "Leat-Position"));
  ASSERT_TRUE(positions) << header(**answer, "Leat-Position");
  EXPECT_TRUE(std::ranges::any_of(*positions, [](const auto& position) { return position.next == Offset{2}; }));
}

TEST(Relay, AFullOutboxRefusesCommandsBeforeTheyBegin) {
  TestMachine machine;
  Options options;
  options.outbox_rows_max = 2;
  ASSERT_TRUE(machine.start(SocialPlan().system(), options));
  machine.bus.refuse_publishing(true);
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"ada"})").status, 201);
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"bob"})").status, 201);
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"cyd"})").status, 503);
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"another service goes on"})").status, 500);  // 20 letters
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"goes on"})").status, 201);
  machine.bus.refuse_publishing(false);
  machine.world.run_until([&] { return machine.bus.all("users").size() == 2; });
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"cyd"})").status, 201);
}

TEST(Relay, WhatWasCommittedBeforeACrashIsPublishedAfterIt) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.bus.refuse_publishing(true);
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  machine.crash();
  machine.bus.refuse_publishing(false);
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.world.run_until([&] { return !contents(machine).empty(); });
  EXPECT_THAT(contents(machine), testing::ElementsAre(R"({"id":1,"content":"a"})"));
}

// Social no longer owns `posts`, and an event for it waits since before the crash.
SystemPlan without_posts() {
  SocialPlan plan;
  auto social = plan.social();
  social.topics = {topic("articles")};
  social.commands.clear();
  return plan.system_of({plan.identity(), social}, "plan-2");
}

void leave_a_post_unpublished(TestMachine& machine) {
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.bus.refuse_publishing(true);
  ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  machine.crash();
  machine.bus.refuse_publishing(false);
}

TEST(Relay, WhatWasCommittedForATopicThatTheDefinitionHasDroppedIsStillPublished) {
  TestMachine machine;
  leave_a_post_unpublished(machine);
  ASSERT_TRUE(machine.start(without_posts()));
  ASSERT_TRUE(machine.world.run_until([&] { return machine.status().services[1].outbox_waiting == 0; }, 100'000));
  EXPECT_THAT(contents(machine), testing::ElementsAre(R"({"id":1,"content":"a"})"));
  EXPECT_EQ(machine.status().services[1].trouble, "");
}

TEST(Relay, AnEventForATopicThatIsNowhereStopsThisRelayAndSaysSo) {
  TestMachine machine;
  leave_a_post_unpublished(machine);
  machine.bus.lose_topic("posts");
  ASSERT_TRUE(machine.start(without_posts()));
  ASSERT_TRUE(machine.world.run_until([&] { return !machine.status().services[1].trouble.empty(); }, 100'000));
  EXPECT_THAT(machine.status().services[1].trouble, testing::HasSubstr("event 1 in the outbox is for topic posts"));
  EXPECT_FALSE(machine.health.ready());
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"others go on"})").status, 201);
}

TEST(Relay, AnEventThatTheBusWouldNotTakeIsRefusedBeforeItIsMade) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.bus.set_record_bytes_max(400);
  const auto refused = machine.call("POST", "/api/users", fmt::format(R"({{"username":"{}"}})", std::string(400, 'a')));
  EXPECT_EQ(refused.status, 413);
  EXPECT_THAT(refused.body, testing::HasSubstr("event user.created has"));
  const auto next = machine.call("POST", "/api/users", R"({"username":"ada"})");
  EXPECT_EQ(next.status, 201);
  EXPECT_EQ(next.body, R"({"id":1,"username":"ada"})") << "nothing of the other was kept";
  EXPECT_TRUE(bus::parse_positions(header(next, "Leat-Position")));
}

// The limit may have been larger when it was made.
TEST(Relay, AnEventInTheOutboxThatTheBusDoesNotTakeStopsTheRelayAndSaysSo) {
  TestMachine machine;
  leave_a_post_unpublished(machine);
  machine.bus.set_record_bytes_max(20);
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  ASSERT_TRUE(machine.world.run_until([&] { return !machine.status().services[1].trouble.empty(); }, 100'000));
  const auto tried = machine.bus.publishes();
  machine.world.run_until([] { return false; }, 100'000);
  EXPECT_EQ(machine.bus.publishes(), tried);
  EXPECT_THAT(machine.status().services[1].trouble, testing::HasSubstr("record_bytes_max"));
  EXPECT_FALSE(machine.health.ready());
}

TEST(Relay, ABusOlderThanTheStateIsRefused) {
  for (const std::uint64_t last_on_bus : {0, 1}) {
    SCOPED_TRACE(last_on_bus);
    TestMachine machine;
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    for (int i = 0; i < 3; ++i) ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
    machine.off();
    machine.bus.restore_source("social", last_on_bus);
    machine.bus.power_on(machine.world.platform());
    const auto started = machine.start(SocialPlan().system());
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Code::conflict);
    EXPECT_THAT(started.error().what, testing::HasSubstr(fmt::format("events {} to 2 of social", last_on_bus + 1)));
    EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"b"})").status, 503);
  }
}

// The row of the last event is still there: what it was published with was lost, it is published again.
TEST(Relay, ABusThatLacksOnlyWhatTheOutboxStillHasGetsIt) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  machine.off();
  machine.bus.restore_source("social", 0);
  machine.bus.power_on(machine.world.platform());
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  EXPECT_TRUE(machine.world.run_until([&] { return machine.bus.all("posts").size() == 2; }));
}

TEST(Relay, AStateOlderThanTheBusIsRefused) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  machine.off();
  ASSERT_TRUE(platform::remove_tree(machine.world.files(), "data/social"));
  machine.bus.power_on(machine.world.platform());
  const auto started = machine.start(SocialPlan().system());
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().what, testing::HasSubstr("older than what the bus has"));
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"b"})").status, 503);
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"others go on"})").status, 201);
}

TEST(Relay, ANewerHolderStopsTheOlderVisibly) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  std::unique_ptr<bus::Source> usurper;
  machine.bus.open_source("social", [&](auto opened) { usurper = *std::move(opened); });
  machine.world.run_until([&] { return usurper != nullptr; });
  const auto answer = machine.call("POST", "/api/posts", R"({"content":"a"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_THAT(header(answer, "Leat-Position"), StartsWith("outbox.social."));
  EXPECT_FALSE(machine.health.ready());
  EXPECT_EQ(machine.status().services[1].trouble, "a newer holder publishes");
}

}  // namespace
}  // namespace leat::service
