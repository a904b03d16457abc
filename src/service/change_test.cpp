// What happens to those who ask while the system changes under them.
#include <gmock/gmock.h>

#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;

// The same system with upper-case authors.
SystemPlan louder(const SocialPlan& plan) {
  auto social = plan.social();
  auto& model = social.read_models[0];
  model.hash = "authors-2";
  model.when[0].statements = {projecting("insert into authors values (:id, upper(:username))")};
  model.when[1].statements = {projecting("update authors set username = upper(:username) where id = :id")};
  social.state.push_back(migration(2, "alter table posts add column likes integer not null default 0"));
  QueryPlan fresh;
  fresh.route = route("GET", "/api/likes/{id:integer}");
  fresh.first = statement("select likes from posts where id = :id", {{"id", path(0)}});
  fresh.shape = shape({"likes"});
  fresh.uses_state = true;
  social.queries.insert(social.queries.begin(), fresh);
  return plan.system_of({plan.identity(), social}, "plan-2");
}

void settle(TestMachine& machine) {
  machine.world.run_until([&] { return machine.status().services[1].read_models[0].lag_events == 0; });
}

TEST(Change, TheOldPlanServesUntilTheNewOneHasCaughtUpAndThenAllIsNew) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    Options options;
    options.delivery_bytes = 300;
    ASSERT_TRUE(machine.start(SocialPlan().system(), options));
    sign_up(machine, 20);
    machine.call("POST", "/api/posts", R"({"content":"a","authorId":20})");
    const auto last = machine.call("POST", "/api/users", R"({"username":"last"})");
    machine.call("GET", "/api/authors/1", "", {{"Leat-Position", header(last, "Leat-Position")}});
    settle(machine);

    std::optional<Result<>> changed;
    machine.system->reload(louder(SocialPlan()), [&](Result<> result) { changed = std::move(result); });
    std::string seen = "old";
    while (!changed) {
      const auto answer = machine.call("GET", "/api/posts/1");
      ASSERT_EQ(answer.status, 200);
      const bool is_new = answer.body.find("USER19") != std::string::npos;
      if (!is_new) {
        EXPECT_THAT(answer.body, HasSubstr("user19"));
        EXPECT_EQ(seen, "old") << "back from new to old";
      }
      seen = is_new ? "new" : "old";
    }
    ASSERT_TRUE(*changed) << changed->error().what;
    EXPECT_THAT(machine.call("GET", "/api/posts/1").body, HasSubstr("USER19"));
    EXPECT_EQ(machine.call("GET", "/api/likes/1").body, R"({"likes":0})");
    EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"b"})").status, 201);

    // The choice survives a restart, and going on needs no new filling.
    machine.crash();
    ASSERT_TRUE(machine.start(louder(SocialPlan()), options));
    settle(machine);
    EXPECT_THAT(machine.call("GET", "/api/posts/1").body, HasSubstr("USER19"));
  }
}

TEST(Change, OneThatFailsLeavesTheOldPlanInForce) {
  struct Case {
    const char* name;
    std::function<void(ServicePlan&)> spoil;
    const char* why;
  };
  for (const auto& [name, spoil, why] : {
           Case{"a read model that cannot be filled",
                [](ServicePlan& social) {
                  social.read_models[0].when[0].statements = {projecting("insert into authors values (1, :username)")};
                },
                "cannot be applied"},
           Case{"a migration that was edited",
                [](ServicePlan& social) { social.state[0] = migration(1, "create table posts (x)"); },
                "edited after it was applied"},
       }) {
    SCOPED_TRACE(name);
    TestMachine machine;
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    sign_up(machine, 2);
    auto plan = louder(SocialPlan());
    spoil(plan.services[1]);
    const auto changed = machine.wait([&](auto done) { machine.system->reload(std::move(plan), std::move(done)); });
    ASSERT_FALSE(changed);
    EXPECT_THAT(changed.error().what, HasSubstr(why));
    EXPECT_EQ(machine.call("GET", "/api/authors/2").body, R"({"username":"user1"})");
    EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
    EXPECT_TRUE(machine.health.ready());
  }
}

TEST(Change, AStoppedServiceAnswers503AndOthersReadOn) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  sign_up(machine, 1);
  ASSERT_TRUE(machine.wait([&](auto done) { machine.system->stop_service("identity", std::move(done)); }));
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"ada"})").status, 503);
  EXPECT_EQ(machine.call("GET", "/api/authors/1").body, R"({"username":"user0"})");
  EXPECT_FALSE(machine.status().services[0].running);
  ASSERT_TRUE(machine.wait([&](auto done) { machine.system->start_service("identity", std::move(done)); }));
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"ada"})").status, 201);
  EXPECT_FALSE(machine.wait([&](auto done) { machine.system->stop_service("nobody", std::move(done)); }));
}

TEST(Change, StoppingFinishesWhatWasTaken) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  const auto taken = machine.send("POST", "/api/users", R"({"username":"ada"})");
  ASSERT_TRUE(machine.wait([&](auto done) { machine.system->stop(std::move(done)); }));
  ASSERT_TRUE(taken->has_value());
  EXPECT_EQ((*taken)->status, 201);
  EXPECT_EQ(machine.call("POST", "/api/users", R"({"username":"bob"})").status, 503);
}

// A plan with one more read model, of other authors.
SystemPlan with_fans(const SocialPlan& plan) {
  auto social = plan.social();
  auto fans = plan.authors("fans-1");
  fans.name = "fans";
  social.read_models.push_back(fans);
  return plan.system_of({plan.identity(), social}, "plan-2");
}

TEST(Change, TheStatusTellsOfAReadModelThatIsNewAndStillFills) {
  TestMachine machine;
  Options options;
  options.delivery_bytes = 300;
  ASSERT_TRUE(machine.start(SocialPlan().system(), options));
  sign_up(machine, 20);
  std::optional<Result<>> changed;
  machine.system->reload(with_fans(SocialPlan()), [&](Result<> result) { changed = std::move(result); });
  bool seen_filling = false;
  while (!changed) {
    const auto models = machine.status().services[1].read_models;
    ASSERT_EQ(models[0].name, "authors");
    if (models.size() < 2) continue;
    EXPECT_EQ(models[1].name, "fans");
    seen_filling |= models[1].phase == Phase::filling;
  }
  ASSERT_TRUE(*changed) << changed->error().what;
  EXPECT_TRUE(seen_filling);
  EXPECT_EQ(machine.status().services[1].read_models.size(), 2u);
}

TEST(Change, OfTwoRebuildsAtOnceEachHasAnEndAndTheRowsAreWhole) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    Options options;
    options.delivery_bytes = 300;
    ASSERT_TRUE(machine.start(SocialPlan().system(), options));
    sign_up(machine, 5);
    settle(machine);
    int ended = 0, well = 0;
    const auto end = [&](Result<> result) { ++ended, well += result.has_value(); };
    machine.system->rebuild("social", "authors", end);
    machine.world.run(machine.world.choose(100));
    machine.system->rebuild("social", "authors", end);
    machine.world.run_until([&] { return ended == 2; });
    ASSERT_EQ(ended, 2);
    EXPECT_GE(well, 1);
    EXPECT_FALSE(machine.status().services[1].read_models[0].replacement_fills);
    EXPECT_EQ(machine.call("GET", "/api/authors/5").body, R"({"username":"user4"})");
  }
}

TEST(Change, AReadModelWhoseTopicARefusedPlanDropsCanStillBeRebuilt) {
  SocialPlan plan;
  TestMachine machine;
  ASSERT_TRUE(machine.start(plan.system()));
  sign_up(machine, 2);
  machine.call("POST", "/api/posts", R"({"content":"a"})");
  auto social = plan.social();  // follows what cannot be applied, and nothing of users any more
  auto& model = social.read_models[0];
  model.hash = "authors-2";
  model.topics = {"posts"};
  model.when = {{plan.post_created, {projecting("insert into authors values (:id, null)")}, false}};
  auto without = plan.system_of({social}, "plan-2");
  ASSERT_FALSE(machine.wait([&](auto done) { machine.system->reload(std::move(without), std::move(done)); }));
  EXPECT_TRUE(machine.wait([&](auto done) { machine.system->rebuild("social", "authors", std::move(done)); }));
  EXPECT_EQ(machine.call("GET", "/api/authors/2").body, R"({"username":"user1"})");
}

TEST(Change, OfTwoWhoStopAServiceEachIsAnswered) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    int answered = 0;
    const auto count = [&](Result<> result) { answered += result.has_value(); };
    machine.system->stop_service("social", count);
    machine.world.run(machine.world.choose(12));
    machine.system->stop(count);
    machine.world.run_until([&] { return answered == 2; });
    ASSERT_EQ(answered, 2);
  }
}

TEST(Change, AStartDuringAStopComesAfterIt) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.system->stop_service("social", [](Result<>) {});
  ASSERT_TRUE(machine.wait([&](auto done) { machine.system->start_service("social", std::move(done)); }));
  EXPECT_TRUE(machine.status().services[1].running);
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
}

TEST(Change, AnEditWhoseFolderCannotBeMadeFailsAndTheNextOneIsTaken) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  const std::string in_the_way = "data/social/read_models/fans";
  ASSERT_TRUE(machine.world.files().open(in_the_way, platform::Open::create_new));
  const auto edit = [&](auto done) { machine.system->reload(with_fans(SocialPlan()), std::move(done)); };
  const auto failed = machine.wait(edit);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().code, Code::timeout);
  ASSERT_TRUE(machine.world.files().remove(in_the_way));
  EXPECT_TRUE(machine.wait(edit));
}

TEST(Change, ANewTopicOfANewPlanCanBePublishedTo) {
  SocialPlan plan;
  TestMachine machine;
  ASSERT_TRUE(machine.start(plan.system()));
  auto social = plan.social();
  social.topics.push_back(topic("drafts", 1));
  auto drafted = event_plan("post.drafted", "social", "drafts", R"({"type":"object"})");
  social.commands[0].emit[0].event = drafted;
  ASSERT_TRUE(machine.wait([&](auto done) {
    machine.system->reload(plan.system_of({plan.identity(), social}, "plan-2"), std::move(done));
  }));
  EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  EXPECT_EQ(machine.bus.all("drafts").size(), 1u);
}

// Whoever asks is told at once, and `done` says the same; nothing is left behind that fills.
TEST(Change, ARebuildThatCannotBeginIsRefusedAtOnceWithItsReason) {
  struct Case {
    const char* name;
    const char *service, *read_model;
    std::function<void(TestMachine&)> before;
    Code code;
    const char* why;
  };
  const auto nothing = [](TestMachine&) {};
  for (const auto& [name, service, read_model, before, code, why] : {
           Case{"no such service", "nobody", "authors", nothing, Code::not_found, "nobody"},
           Case{"no such read model", "social", "fans", nothing, Code::not_found, "social.fans"},
           Case{"its service is stopped", "social", "authors",
                [](TestMachine& machine) {
                  ASSERT_TRUE(
                      machine.wait([&](auto done) { machine.system->stop_service("social", std::move(done)); }));
                },
                Code::conflict, "stopped"},
           Case{"it is being filled already", "social", "authors",
                [](TestMachine& machine) { machine.system->rebuild("social", "authors", [](Result<>) {}); },
                Code::conflict, "being filled anew already"},
           Case{"an edit is under way", "social", "authors",
                [](TestMachine& machine) { machine.system->reload(louder(SocialPlan()), [](Result<>) {}); },
                Code::conflict, "an edit is being put in force"},
           Case{"the disk is full", "social", "authors",
                [](TestMachine& machine) { machine.world.files().set_capacity(1); }, Code::no_space, "space"},
       }) {
    SCOPED_TRACE(name);
    TestMachine machine;
    Options options;
    options.delivery_bytes = 300;
    ASSERT_TRUE(machine.start(SocialPlan().system(), options));
    sign_up(machine, 20);
    settle(machine);
    before(machine);
    std::optional<Result<>> begun, done;
    machine.system->rebuild(
        service, read_model, [&](Result<> result) { done = std::move(result); },
        [&](Result<> result) { begun = std::move(result); });
    ASSERT_TRUE(machine.world.run_until([&] { return begun.has_value(); }, 1'000'000));
    ASSERT_FALSE(*begun);
    EXPECT_EQ(begun->error().code, code) << begun->error().what;
    EXPECT_THAT(begun->error().what, HasSubstr(why));
    ASSERT_TRUE(machine.world.run_until([&] { return done.has_value(); }, 1'000'000));
    EXPECT_EQ(done->error().what, begun->error().what);
  }
}

TEST(Change, ARebuildThatBeginsSaysSoBeforeItHasEnded) {
  TestMachine machine;
  Options options;
  options.delivery_bytes = 300;
  ASSERT_TRUE(machine.start(SocialPlan().system(), options));
  sign_up(machine, 20);
  settle(machine);
  std::optional<Result<>> begun, done;
  machine.system->rebuild(
      "social", "authors", [&](Result<> result) { done = std::move(result); },
      [&](Result<> result) { begun = std::move(result); });
  ASSERT_TRUE(machine.world.run_until([&] { return begun.has_value(); }));
  EXPECT_TRUE(*begun);
  EXPECT_FALSE(done);
  EXPECT_TRUE(machine.status().services[1].read_models[0].replacement_fills);
  ASSERT_TRUE(machine.world.run_until([&] { return done.has_value(); }));
  EXPECT_TRUE(*done);
}

}  // namespace
}  // namespace leat::service
