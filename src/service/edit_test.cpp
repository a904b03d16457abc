// An edit of several services takes effect in all of them or in none, and says which.
#include <set>

#include <gmock/gmock.h>

#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;

// Each service gets one table more, and a route that shows whether it has it.
SystemPlan edited(const SocialPlan& plan, const std::string& social_migration = "create table extra_social (x)") {
  auto identity = plan.identity();
  auto social = plan.social();
  identity.state.push_back(migration(2, "create table extra_identity (x)"));
  social.state.push_back(migration(2, social_migration));
  social.state.back().sql.file = "social.sql";
  social.state.back().sql.line_starts = {{7, 1}, {8, 1}};
  for (auto* service : {&identity, &social}) {
    QueryPlan extra;
    extra.route = route("GET", "/api/extra/" + service->name);
    extra.first = statement("select count(*) as n from sqlite_schema where name like 'extra_%'");
    extra.shape = shape({"n"});
    extra.uses_state = true;
    service->queries.push_back(extra);
  }
  return plan.system_of({identity, social}, "plan-2");
}

bool took(TestMachine& machine, const std::string& service) {
  for (const auto& route : machine.system->routes())
    if (route.path == "/api/extra/" + service) return machine.call("GET", route.path).body == R"({"n":1})";
  return false;
}

void expect_neither_took(TestMachine& machine) {
  EXPECT_FALSE(took(machine, "identity"));
  EXPECT_FALSE(took(machine, "social"));
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"on"})").status, 201);
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"grace"})").status, 201);
  machine.world.run_until([&] { return machine.health.ready(); }, 1'000'000);
  EXPECT_TRUE(machine.health.ready());
  machine.crash();
  ASSERT_TRUE(machine.start(SocialPlan().system())) << "a migration of the refused edit was kept";
}

// Both are asked for before either has begun.
std::vector<Result<>> start_and_reload(TestMachine& machine) {
  std::vector<Result<>> told;
  machine.system->start_service("social", [&](Result<> started) { told.push_back(std::move(started)); });
  machine.system->reload(edited(SocialPlan()), [&](Result<> changed) { told.push_back(std::move(changed)); });
  machine.world.run_until([&] { return told.size() == 2; }, 1'000'000);
  return told;
}

TEST(Edit, OneThatMeetsAServiceThatIsStartingWaitsForItAndPublishesNothingTwice) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    machine.bus.refuse_publishing(true);
    ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"once"})").status, 201);
    ASSERT_TRUE(machine.wait([&](auto done) { machine.system->stop_service("social", std::move(done)); }));
    machine.bus.refuse_publishing(false);
    const auto told = start_and_reload(machine);
    ASSERT_EQ(told.size(), 2u);
    EXPECT_TRUE(told[0]);
    EXPECT_TRUE(told[1]);
    EXPECT_TRUE(took(machine, "social"));
    ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"again"})").status, 201);
    EXPECT_TRUE(machine.world.run_until([&] { return machine.bus.all("posts").size() == 2; }, 1'000'000));
    EXPECT_EQ(machine.status().services[1].trouble, "");
  }
}

TEST(Edit, OneThatMeetsAServiceThatCannotStartIsToldAndTheNextEditIsTaken) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  ASSERT_TRUE(machine.wait([&](auto done) { machine.system->stop_service("social", std::move(done)); }));
  auto& files = machine.world.files();
  ASSERT_TRUE(platform::remove_tree(files, "data/social/read_models"));
  ASSERT_TRUE(files.open("data/social/read_models", platform::Open::create));
  const auto told = start_and_reload(machine);
  ASSERT_EQ(told.size(), 2u) << "somebody waits for ever";
  EXPECT_FALSE(told[0]);
  EXPECT_TRUE(took(machine, "identity"));

  ASSERT_TRUE(files.remove("data/social/read_models"));
  const auto next = machine.wait([&](auto done) { machine.system->reload(edited(SocialPlan()), std::move(done)); });
  EXPECT_TRUE(next) << next.error().what;
  EXPECT_TRUE(took(machine, "social"));
}

// Posts are kept for a day only, and there is a topic more, with `partitions`.
SystemPlan forgetful(SystemPlan edit, std::int32_t partitions = 4) {
  auto& social = edit.services[1];
  social.topics[0].retention.milliseconds = 86'400'000;
  social.topics.push_back(topic("news", partitions));
  for (const auto& topic : social.topics) edit.topics.insert_or_assign(topic.name, topic);
  return edit;
}

Result<> reload(TestMachine& machine, SystemPlan plan) {
  return machine.wait([&](auto done) { machine.system->reload(std::move(plan), std::move(done)); });
}

TEST(Edit, OneThatIsRefusedChangesNeitherHowATopicIsKeptNorWhichThereAre) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  ASSERT_FALSE(reload(machine, forgetful(edited(SocialPlan(), "create table posts (x)"))));
  EXPECT_FALSE(machine.bus.config("posts").retention_ms);
  EXPECT_FALSE(machine.bus.has("news"));
  ASSERT_TRUE(reload(machine, forgetful(edited(SocialPlan()))));
  EXPECT_EQ(machine.bus.config("posts").retention_ms, 86'400'000);
  EXPECT_TRUE(machine.bus.has("news"));
}

// It was refused when its topic was there already, since a read model was to follow it.
TEST(Edit, WhatARefusedOneLeavesBehindDoesNotStandAgainstTheCorrectedOne) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  auto broken = forgetful(edited(SocialPlan()));
  broken.services[1].read_models.push_back(SocialPlan().authors("broken-1"));
  broken.services[1].read_models.back().name = "broken";
  broken.services[1].read_models.back().tables = {sql("create table other (id integer primary key)")};
  broken.services[1].read_models.back().topics = {"news"};
  ASSERT_FALSE(reload(machine, broken));
  EXPECT_FALSE(machine.bus.config("posts").retention_ms);
  const auto corrected = reload(machine, forgetful(edited(SocialPlan()), 8));
  EXPECT_TRUE(corrected) << corrected.error().what;
  EXPECT_EQ(machine.bus.config("news").partitions, 8);
}

TEST(Edit, ATopicInUseKeepsItsPartitionsAlsoWhenNothingIsOnItYet) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  auto edit = edited(SocialPlan());
  edit.services[1].topics[0].partitions = 8;
  edit.topics.insert_or_assign("posts", edit.services[1].topics[0]);
  const auto refused = reload(machine, edit);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("topic posts has 4 partitions, not 8"));
  expect_neither_took(machine);
}

TEST(Edit, WhenOneMigrationFailsNoServiceIsChangedAndTheMessageNamesFileAndStatement) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"same"})").status, 201);
  const auto changed = machine.wait([&](auto done) {
    machine.system->reload(
        edited(SocialPlan(), "create table extra_social (x);\ncreate  unique index once on posts (content) -- each"),
        std::move(done));
  });
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::conflict);
  EXPECT_EQ(changed.error().what,
            "service social: migration 2: UNIQUE constraint failed: posts.content, in social.sql:8:1: create unique "
            "index once on posts (content)");
  expect_neither_took(machine);
}

TEST(Edit, AMigrationThatBreaksAForeignKeyOnlyAtItsCommitIsFoundBeforeAnyServiceCommits) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  const auto changed = machine.wait([&](auto done) {
    machine.system->reload(edited(SocialPlan(),
                                  "create table extra_social (x references posts (id) deferrable initially deferred);\n"
                                  "insert into extra_social values (77)"),
                           std::move(done));
  });
  ASSERT_FALSE(changed);
  EXPECT_THAT(changed.error().what, HasSubstr("service social: migration 2: FOREIGN KEY constraint failed"));
  expect_neither_took(machine);
}

// The migrations were tried and fitted; while read models fill, a row comes that they do not fit any more.
TEST(Edit, RowsThatComeWhileItIsPreparedCannotTearItApart) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    Options options;
    options.delivery_bytes = 300;
    ASSERT_TRUE(machine.start(SocialPlan().system(), options));
    sign_up(machine, 20);
    ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"same"})").status, 201);
    auto plan = edited(SocialPlan(), "create table extra_social (x);\ncreate unique index once on posts (content)");
    plan.services[1].read_models[0].hash = "authors-2";
    std::optional<Result<>> changed;
    machine.system->reload(std::move(plan), [&](Result<> result) { changed = std::move(result); });
    machine.world.run_until([&] { return changed || machine.status().services[1].read_models[0].replacement_fills; });
    ASSERT_FALSE(changed);
    ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"same"})").status, 201);
    ASSERT_TRUE(machine.world.run_until([&] { return changed.has_value(); }));
    ASSERT_FALSE(*changed);
    EXPECT_THAT(changed->error().what, HasSubstr("service social: migration 2: UNIQUE constraint failed"));
    EXPECT_EQ(machine.call("GET", "/api/authors/20").body, R"({"username":"user19"})");
    expect_neither_took(machine);
  }
}

// The disk fills at any moment: what is told is what is true, and the next try succeeds.
TEST(Edit, OnAFullDiskItSaysWhichServicesTookItAndWhichDidNot) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    std::optional<Result<>> changed;
    machine.system->reload(edited(SocialPlan()), [&](Result<> result) { changed = std::move(result); });
    machine.world.run_until([&] { return changed.has_value(); }, machine.world.choose(60));
    machine.world.files().set_capacity(1);
    ASSERT_TRUE(machine.world.run_until([&] { return changed.has_value(); }, 1'000'000));
    machine.world.files().set_capacity(0);
    const bool identity = took(machine, "identity"), social = took(machine, "social");
    const auto why = *changed ? "" : changed->error().what;
    outcomes.insert(fmt::format("{}{}", identity ? "i" : "", social ? "s" : ""));
    if (*changed) {
      EXPECT_TRUE(identity && social);
    } else if (identity || social) {
      const std::string in = identity ? "identity" : "social", out = identity ? "social" : "identity";
      EXPECT_THAT(why, HasSubstr("the edit is in force in: " + in + "; not in: " + out + " ("));
    }
    if (identity && social) continue;
    ASSERT_TRUE(machine.wait([&](auto done) { machine.system->reload(edited(SocialPlan()), std::move(done)); })) << why;
    EXPECT_TRUE(took(machine, "identity") && took(machine, "social"));
  }
  EXPECT_THAT(outcomes, testing::IsSupersetOf({"", "is"}));
  EXPECT_GT(outcomes.size(), 2u) << "no seed found the moment between two commits";
}

// Commands that come while it is put in force wait, and are answered: done, or that they were read under the plan that
// has just gone.
TEST(Edit, CommandsWaitForItAndAreAnswered) {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    std::optional<Result<>> changed;
    auto edit = edited(SocialPlan());
    auto& commands = edit.services[1].commands;
    commands.insert(commands.begin(), commands[0]);  // another route gets the number of the one that is called
    commands[0].route = route("POST", "/api/others");
    machine.system->reload(edit, [&](Result<> result) { changed = std::move(result); });
    std::int64_t done = 0;
    while (!changed) {
      const auto answer = machine.call("POST", "/api/posts", R"({"content":"a"})");
      if (answer.status == 201) {
        ++done;
      } else {
        EXPECT_EQ(answer.status, 503);
        EXPECT_THAT(answer.body, HasSubstr("the definition has just changed"));
        ++refused;
      }
    }
    EXPECT_TRUE(*changed);
    const auto last = machine.call("POST", "/api/posts", R"({"content":"b"})");
    EXPECT_EQ(last.body, fmt::format(R"({{"id":{},"content":"b"}})", done + 1));
    EXPECT_THAT(machine.metrics.render(),
                testing::Not(testing::ContainsRegex("leat_commands_total\\{[^}]*others[^}]*\\} [1-9]")));
  }
  EXPECT_GT(refused, 0);
}

TEST(Edit, AStopInTheMiddleOfItEnds) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    machine.system->reload(edited(SocialPlan()), [](Result<>) {});
    machine.world.run(machine.world.choose(60));
    const auto stopped = machine.wait([&](auto done) { machine.system->stop(std::move(done)); });
    EXPECT_TRUE(stopped) << stopped.error().what;
  }
}

}  // namespace
}  // namespace leat::service
