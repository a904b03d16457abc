#include "service/state.h"

#include <gmock/gmock.h>

#include "database/files_vfs.h"
#include "database/scratch.h"
#include "platform/sim.h"
#include "service/test_plan.h"

namespace leat::service {
namespace {

using Migrations = std::vector<definition::Migration>;

struct Disk {
  platform::SimWorld world{1};
  std::optional<database::FilesVfs> vfs{std::in_place, "state-test", world.platform()};

  database::Options options() {
    database::Options out = database::quick();
    out.vfs = vfs->name();
    return out;
  }
  void lose_power() {
    world.files().crash();
    vfs.reset();
    world.restart();
    vfs.emplace("state-test", world.platform());
  }
  Result<State> open(const Migrations& migrations) {
    return open_state("/state.db", options(), migrations, world.platform());
  }
};

TEST(State, MigrationsRunOnceEachAndTheirHistoryIsKept) {
  const auto first = migration(1, "create table a (x); insert into a values (1)");
  const auto second = migration(2, "alter table a add column y");
  const auto renumbered = migration(2, "create table a (x); insert into a values (1)");
  struct Case {
    const char* name;
    Migrations before, after;
    const char* outcome;  // "" is success
  };
  for (const auto& [name, before, after, outcome] : {
           Case{"the same again", {first}, {first}, ""},
           Case{"one more", {first}, {first, second}, ""},
           Case{"only layout and comments differ",
                {first},
                {migration(1, "create table a (x);\n  -- why\n insert  into a values (1)")},
                ""},
           Case{"edited",
                {first},
                {migration(1, "create table a (x); insert into a values (2)")},
                "migration 1 was edited after it was applied"},
           Case{"gone", {first, second}, {first}, "migration 2 was applied and is no longer there"},
           Case{"put before", {renumbered}, {first, renumbered}, "migration 1 is new but stands before migration 2"},
           Case{"broken", {first}, {first, migration(2, "create table b (x); nonsense")}, "migration 2: "},
       }) {
    SCOPED_TRACE(name);
    Disk disk;
    ASSERT_TRUE(disk.open(before));
    auto state = disk.open(after);
    if (*outcome) {
      ASSERT_FALSE(state);
      EXPECT_THAT(state.error().what, testing::HasSubstr(outcome));
      state = disk.open(before);  // nothing was half applied
    }
    ASSERT_TRUE(state) << state.error().what;
    EXPECT_EQ(database::answer(state->database, "select x from a"), "1");
    EXPECT_EQ(database::answer(state->database, "select count(*) from sqlite_schema where name = 'b'"), "0");
  }
}

// What a state of format 1 looks like: it did not write its number down.
constexpr std::string_view format_1 = R"(
create table leat_meta (id integer primary key check (id = 1), identity text not null, version integer not null) strict;
create table leat_migrations (number integer primary key, hash text not null, applied_at text not null) strict;
create table leat_outbox (
  number integer primary key autoincrement, topic text not null, partition integer not null, time_ms integer not null,
  key text not null, headers text not null, payload text not null) strict;
insert into leat_meta values (1, 'as before', 17);
insert into leat_outbox values (7, 'posts', 2, 1, '5', '[]', '{}');
)";

TEST(State, AnOlderFormatIsBroughtAlong) {
  Disk disk;
  {
    auto old = database::Database::open("/state.db", disk.options());
    ASSERT_TRUE(old && old->execute(format_1));
  }
  for (int start = 0; start < 2; ++start) {
    auto state = disk.open({});
    ASSERT_TRUE(state) << state.error().what;
    EXPECT_EQ(state->identity, "as before");
    EXPECT_EQ(database::answer(state->database, "select id, identity, version, format from leat_meta"),
              "1,as before,17,2");
    EXPECT_EQ(database::answer(state->database, "select number from leat_outbox"), "7");
    EXPECT_EQ(database::answer(state->database, "select count(*) from leat_answers"), "0");
  }
}

TEST(State, AStepToAnotherFormatIsWholeOrNot) {
  for (std::uint64_t operations = 1; operations < 40; ++operations) {
    SCOPED_TRACE(operations);
    Disk disk;
    {
      auto old = database::Database::open("/state.db", disk.options());
      ASSERT_TRUE(old && old->execute(format_1) && disk.world.files().sync_directory("/"));
    }
    disk.world.files().crash_after(operations);
    const bool done = disk.open({}).has_value();
    disk.lose_power();
    const auto state = disk.open({});
    ASSERT_TRUE(state) << state.error().what;
    EXPECT_EQ(state->identity, "as before");
    if (done) return;
  }
  ADD_FAILURE() << "it never ran to its end";
}

TEST(State, ANewerFormatIsRefused) {
  Disk disk;
  ASSERT_TRUE(disk.open({})->database.execute("update leat_meta set format = 3"));
  const auto state = disk.open({});
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Code::conflict);
  EXPECT_THAT(state.error().what, testing::HasSubstr("format 3"));
}

// Whoever writes a migration reaches the service's own tables: no other file, no settings, nothing of Leat's.
TEST(State, MigrationsReachTheirOwnTablesOnly) {
  for (const char* script :
       {"attach 'other.db' as other", "drop table leat_outbox", "commit", "pragma journal_mode = delete"}) {
    SCOPED_TRACE(script);
    Disk disk;
    ASSERT_TRUE(disk.open({}));
    const auto state = disk.open({migration(1, script)});
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, Code::invalid);
    EXPECT_THAT(state.error().what, testing::HasSubstr(script));
    EXPECT_TRUE(disk.open({}));
  }
}

TEST(State, KeepsItsIdentity) {
  Disk disk;
  const auto first = disk.open({})->identity;
  EXPECT_EQ(disk.open({})->identity, first);
}

}  // namespace
}  // namespace leat::service
