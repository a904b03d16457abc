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
  database::FilesVfs vfs{"state-test", world.platform()};

  Result<State> open(const Migrations& migrations) {
    database::Options options = database::quick();
    options.vfs = vfs.name();
    return open_state("state.db", options, migrations, world.platform());
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

TEST(State, KeepsItsIdentity) {
  Disk disk;
  const auto first = disk.open({})->identity;
  EXPECT_EQ(disk.open({})->identity, first);
}

}  // namespace
}  // namespace leat::service
