// Read models: each event once, stopped visibly, rebuilt to the same rows.
#include "service/read_model.h"

#include <set>

#include <gmock/gmock.h>

#include "database/table_hash.h"
#include "database/transaction.h"
#include "event/event.h"
#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;

bus::Record record(std::string type, std::string key, std::optional<std::string> value) {
  bus::Record out;
  out.timestamp_ms = 1000;
  event::Event event;
  event.id = key + "-" + type;
  event.source = "/elsewhere";
  event.type = std::move(type);
  event.time = platform::rfc3339(1000);
  out.headers = event::to_headers(event);
  out.key = std::move(key);
  out.value = std::move(value);
  return out;
}

bus::Record user(const std::string& type, int id, const std::string& username) {
  return record(type, std::to_string(id), fmt::format(R"({{"id":{},"username":"{}"}})", id, username));
}

// The hash of a read model's rows, without its positions.
std::string rows_of(TestMachine& machine, const std::string& file) {
  database::Options options;
  options.vfs = "test";
  options.read_only = true;
  auto database = database::Database::open(file, options);
  EXPECT_TRUE(database) << database.error().what;
  auto hash = database::schema_hash(*database, "main", "leat_positions");
  EXPECT_TRUE(hash) << hash.error().what;
  (void)machine;
  return *hash;
}

void settle(TestMachine& machine) {
  machine.world.run_until([&] {
    const auto status = machine.status();
    const auto& models = status.services[1].read_models;
    return !models.empty() && (models[0].phase == Phase::stopped || models[0].lag_events == 0);
  });
}

// A backup, or somebody with the sqlite3 shell.
TEST(ReadModel, AnotherProgramThatHoldsItsFileOnlyPausesIt) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  settle(machine);
  database::Options options;
  options.vfs = "test";
  auto other = database::Database::open("data/social/read_models/authors/authors-1.db", options);
  ASSERT_TRUE(other) << other.error().what;
  auto held = database::Transaction::write(*other);
  ASSERT_TRUE(held) << held.error().what;
  machine.bus.put("users", 0, user("user.created", 1, "ada"));
  const auto authors = [&] { return machine.status().services[1].read_models.at(0); };
  ASSERT_TRUE(machine.world.run_until([&] { return authors().phase != Phase::live; }, 1'000'000));
  EXPECT_EQ(authors().phase, Phase::paused);
  EXPECT_THAT(authors().reason, HasSubstr("paused: database is locked"));
  held->rollback();
  ASSERT_TRUE(machine.world.run_until([&] { return authors().phase == Phase::live; }, 1'000'000));
  settle(machine);
  EXPECT_EQ(machine.call("GET", "/api/authors/1").body, R"({"username":"ada"})");
}

TEST(ReadModel, AStatementThatDoesNotEndStopsItRightThere) {
  SocialPlan plan;
  auto social = plan.social();
  social.read_models[0].when[1].statements.push_back(projecting(
      "update authors set username = (with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) "
      "select count(*) from n) where id = :id"));
  TestMachine machine;
  Options options;
  options.projection_time_max = std::chrono::nanoseconds(0);
  ASSERT_TRUE(machine.start(plan.system_of({plan.identity(), social}), options));
  machine.bus.put("users", 0, user("user.created", 1, "ada"));
  machine.bus.put("users", 0, user("user.updated", 1, "adele"));
  settle(machine);
  EXPECT_THAT(machine.status().services[1].read_models[0].reason,
              HasSubstr("users-0 offset 1 cannot be applied: its statements took longer"));
  EXPECT_EQ(machine.call("GET", "/api/authors/1").body, R"({"username":"ada"})");
}

TEST(ReadModel, AnEventThatCannotBeAppliedStopsItRightThereAndOnlyIt) {
  struct Case {
    const char* name;
    bus::Record poison;
    const char* reason;
  };
  for (const auto& [name, poison, reason] : {
           Case{"bad JSON", record("user.created", "3", "{"), "not JSON"},
           Case{"no object", record("user.created", "3", "[]"), "not an object"},
           Case{"an attribute is missing", record("user.created", "3", R"({"id":3})"), "username is missing"},
           Case{"no data", record("user.created", "3", std::nullopt), "id is missing"},
           Case{"SQL", user("user.created", 1, "again"), "UNIQUE constraint failed"},
           Case{"beyond 64 bits", record("user.created", "3", R"({"id":9223372036854775808,"username":"x"})"),
                "64-bit"},
       }) {
    SCOPED_TRACE(name);
    TestMachine machine;
    ASSERT_TRUE(machine.start(SocialPlan().system()));
    machine.bus.put("users", 0, user("user.created", 1, "ada"));
    machine.bus.put("users", 0, user("user.updated", 1, "adele"));
    machine.bus.put("users", 0, poison);
    machine.bus.put("users", 0, user("user.updated", 1, "unseen"));
    settle(machine);

    const auto seen = machine.call("GET", "/api/authors/1");
    EXPECT_EQ(seen.body, R"({"username":"adele"})");
    EXPECT_EQ(header(seen, "Leat-Stale"), "true");
    const auto model = machine.status().services[1].read_models[0];
    EXPECT_EQ(model.phase, Phase::stopped);
    EXPECT_THAT(model.reason, HasSubstr("users-0 offset 2 cannot be applied: "));
    EXPECT_THAT(model.reason, HasSubstr(reason));
    ASSERT_EQ(model.positions.size(), 1u);
    EXPECT_EQ(model.positions[0].next, Offset{2});
    EXPECT_EQ(model.lag_events, 2);
    EXPECT_FALSE(machine.health.ready());
    // The service it belongs to goes on.
    EXPECT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  }
}

TEST(ReadModel, OneThatWasEditedWhileTheProgramStoodIsNotReadyUntilItHasCaughtUp) {
  SocialPlan plan;
  TestMachine machine;
  ASSERT_TRUE(machine.start(plan.system()));
  for (int id = 1; id <= 20; ++id) machine.bus.put("users", 0, user("user.created", id, "ada"));
  settle(machine);
  machine.world.run_until([&] { return machine.health.ready(); });
  machine.crash();
  auto social = plan.social();
  social.read_models[0].hash = "authors-2";
  Options options;
  options.delivery_bytes = 100;
  ASSERT_TRUE(machine.start(plan.system_of({plan.identity(), social}), options));
  EXPECT_FALSE(machine.health.ready());
  for (const auto& condition : machine.health.all())
    if (!condition.ok) EXPECT_EQ(condition.name + " " + condition.why, "read model social.authors is filling");
  machine.world.run_until([&] { return machine.health.ready(); });
  EXPECT_TRUE(machine.health.ready());
  EXPECT_EQ(header(machine.call("GET", "/api/authors/20"), "Leat-Stale"), "");
}

TEST(ReadModel, EventsThatMeanNothingToItArePassedBy) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.bus.put("users", 0, record("user.vanished", "1", "not even JSON"));
  bus::Record bare;
  bare.value = "no headers";
  machine.bus.put("users", 0, bare);
  machine.bus.put("users", 0, user("user.created", 1, "ada"));
  settle(machine);
  EXPECT_EQ(machine.call("GET", "/api/authors/1").body, R"({"username":"ada"})");
  EXPECT_EQ(machine.status().services[1].read_models[0].positions[0].next, Offset{3});
}

// Memory that is short makes deliveries smaller or late, never wrong, also when the power goes meanwhile.
TEST(ReadModel, WaitsForMemoryAndGoesOn) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    ByteBudget budget(16'000);
    TestMachine machine(seed);
    Options options;
    options.delivery_bytes = 4000;
    options.delivery_tail_bytes = 200;
    options.budget = &budget;
    ASSERT_TRUE(machine.start(SocialPlan().system(), options));
    ASSERT_TRUE(machine.world.run_until([&] { return budget.usage(ByteUser::read_models).leased == 400; }))
        << "one that has caught up holds little";
    auto others = budget.try_take(ByteUser::appends, budget.available());
    for (int id = 1; id <= 50; ++id) machine.bus.put("users", id % 4, user("user.created", id, "ada"));
    machine.world.run_until([&] { return budget.has_waiting(ByteUser::read_models); });
    ASSERT_GT(machine.status().services[1].read_models[0].lag_events, 0);
    EXPECT_EQ(machine.status().services[1].read_models[0].phase, Phase::live);
    if (seed % 2 == 0) {
      machine.crash();
      ASSERT_TRUE(machine.start(SocialPlan().system(), options));
      machine.world.run_until([&] { return budget.has_waiting(ByteUser::read_models); });
    }
    others.reset();
    settle(machine);
    for (int id = 1; id <= 50; ++id)
      ASSERT_EQ(machine.call("GET", fmt::format("/api/authors/{}", id)).body, R"({"username":"ada"})");
    EXPECT_LE(budget.usage(ByteUser::read_models).leased, budget.most(ByteUser::read_models));
    machine.off();
    EXPECT_EQ(budget.available(), budget.total());
  }
}

TEST(ReadModel, AMissingHistoryStopsItVisibly) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.bus.put("users", 0, user("user.created", 1, "ada"));
  settle(machine);
  machine.off();
  TestBus other(machine.world.platform());
  machine.bus.power_on(machine.world.platform());
  // The same files beside a bus that was made anew: positions of the old one must not be continued.
  database::FilesVfs vfs("other", machine.world.platform());
  Options options;
  options.vfs = vfs.name();
  System system(SocialPlan().system(), machine.world.platform(), other, machine.telemetry(), "data", options);
  std::optional<SystemStatus> status;
  system.start([&](Result<>) { system.status([&](SystemStatus now) { status = std::move(now); }); });
  machine.world.run_until([&] { return status.has_value(); });
  EXPECT_FALSE(machine.health.ready());
}

TEST(ReadModel, CollapsingChangesNothingButTheWork) {
  SocialPlan plan;
  auto plain = plan.social();
  for (auto& when : plain.read_models[0].when) when.last_of_key_wins = false;
  std::vector<std::string> hashes;
  for (const auto& social : {plan.social(), plain}) {
    TestMachine machine(7);
    platform::SimWorld chance(5);  // the same events for both
    ASSERT_TRUE(machine.start(plan.system_of({plan.identity(), social})));
    for (int id = 1; id <= 20; ++id) machine.bus.put("users", id % 4, user("user.created", id, "new"));
    for (int i = 0; i < 500; ++i) {
      const int id = 1 + static_cast<int>(chance.choose(20));
      machine.bus.put("users", id % 4, user("user.updated", id, fmt::format("name{}", i)));
    }
    settle(machine);
    hashes.push_back(rows_of(machine, "data/social/read_models/authors/authors-1.db"));
  }
  EXPECT_EQ(hashes[0], hashes[1]);
  EXPECT_THAT(hashes[0], HasSubstr("=20:"));
}

// Partitions come in whatever order, transactions hold whatever waits, the power goes whenever: the rows are the same.
TEST(ReadModel, ARebuildGivesTheSameRowsAsTheLiveOne) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    Options options;
    options.delivery_bytes = 100 + machine.world.choose(2000);
    ASSERT_TRUE(machine.start(SocialPlan().system(), options));
    for (int id = 1; id <= 30; ++id) machine.bus.put("users", id % 4, user("user.created", id, "new"));
    for (int round = 0; round < 5; ++round) {
      for (int i = 0; i < 20; ++i) {
        const int id = 1 + static_cast<int>(machine.world.choose(30));
        machine.bus.put("users", id % 4, user("user.updated", id, fmt::format("r{}i{}", round, i)));
        machine.world.run(machine.world.choose(30));
      }
      if (machine.world.choose(2) == 0) continue;
      machine.crash();
      ASSERT_TRUE(machine.start(SocialPlan().system(), options));
    }
    settle(machine);
    ASSERT_EQ(machine.status().services[1].read_models[0].phase, Phase::live);
    const auto live = rows_of(machine, "data/social/read_models/authors/authors-1.db");
    ASSERT_TRUE(machine.wait([&](auto done) { machine.system->rebuild("social", "authors", std::move(done)); }));
    EXPECT_EQ(rows_of(machine, "data/social/read_models/authors/authors-1-2.db"), live);
  }
}

// A reader that has been idle since then still holds the file that the name meant before.
TEST(ReadModel, AFileNameIsNeverGivenTwice) {
  SocialPlan plan;
  auto edited = plan.social();
  edited.read_models[0].hash = "edited";
  TestMachine machine;
  ASSERT_TRUE(machine.start(plan.system()));
  const std::string folder = "data/social/read_models/authors";
  std::set<std::string> seen;
  const auto expect_new = [&] {
    const auto files = load_generation_files(machine.world.files(), folder);
    ASSERT_TRUE(files);
    EXPECT_TRUE(seen.insert(files->current).second) << files->current << " again";
    EXPECT_TRUE(*machine.world.files().exists(folder + "/" + files->current));
  };
  const auto reload = [&](const ServicePlan& social, const char* hash) {
    return machine.wait(
        [&](auto done) { machine.system->reload(plan.system_of({plan.identity(), social}, hash), std::move(done)); });
  };
  expect_new();
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(machine.wait([&](auto done) { machine.system->rebuild("social", "authors", std::move(done)); }));
      expect_new();
    }
    ASSERT_TRUE(reload(edited, "plan-2"));
    expect_new();
    ASSERT_TRUE(reload(plan.social(), "plan-1"));
    expect_new();
    machine.crash();
    ASSERT_TRUE(machine.start(plan.system()));
  }
}

TEST(ReadModel, AFolderThatDoesNotTellItsLastNumberGoesOnFromItsHighest) {
  platform::SimWorld world(1);
  auto& files = world.files();
  for (const char* name : {"x-4.db", "x-12.db", "x-12.db-wal", "y.db"})
    ASSERT_TRUE(platform::replace_file(files, name, ""));
  ASSERT_TRUE(platform::replace_file(files, "current", "y.db\nx-12.db\n"));
  const auto loaded = load_generation_files(files, "/");
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_EQ(loaded->current, "y.db");
  EXPECT_EQ(loaded->previous, "x-12.db");
  EXPECT_EQ(loaded->last, 12);
}

}  // namespace
}  // namespace leat::service
