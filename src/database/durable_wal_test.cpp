#include "database/durable_wal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/database.h"
#include "database/files_vfs.h"
#include "database/scratch.h"
#include "platform/sim.h"

namespace leat::database {
namespace {

constexpr auto path = "/data/state.db";

Database open(const FilesVfs& vfs) {
  auto options = quick();
  options.vfs = vfs.name();
  auto db = Database::open(path, options);
  EXPECT_TRUE(db) << db.error().what;
  return std::move(*db);
}

// A flush fails, the process ends without the checkpoint of an orderly one, another goes on and commits, the power
// goes. Returns whether what the second process had committed, or begun from, was lost.
bool loses(std::uint64_t seed, bool prepared) {
  platform::SimWorld world(seed);
  auto& files = world.files();
  EXPECT_TRUE(files.make_directory("/data") && files.sync_directory("/"));
  {
    const FilesVfs vfs("sim", world.platform());
    auto db = open(vfs);
    EXPECT_TRUE(db.execute("create table t (a); insert into t values (1)"));
    files.fail_next_sync();
    EXPECT_FALSE(db.execute("insert into t values (2)"));
    files.fail_next_write();
  }
  std::string committed;
  {
    const FilesVfs vfs("sim", world.platform());
    if (prepared) {
      EXPECT_TRUE(make_wal_durable(files, path));
    }
    auto db = open(vfs);
    EXPECT_TRUE(db.execute("insert into t values (3)"));
    committed = answer(db, "select group_concat(a) from t");
    files.crash();
  }
  world.restart();
  const FilesVfs vfs("sim", world.platform());
  auto db = open(vfs);
  return answer(db, "select group_concat(a) from t") != committed;
}

TEST(DurableWal, NothingIsBuiltOnWhatAFailedFlushLeftInMemory) {
  int losses_without = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    EXPECT_FALSE(loses(seed, true)) << "seed " << seed;
    losses_without += loses(seed, false);
  }
  EXPECT_GT(losses_without, 0) << "then this test shows nothing";
}

TEST(DurableWal, WithoutAWalThereIsNothingToDo) {
  platform::SimWorld world(1);
  ASSERT_TRUE(world.files().make_directory("/data"));
  EXPECT_TRUE(make_wal_durable(world.files(), path));
  EXPECT_FALSE(*world.files().exists(fmt::format("{}-wal", path)));
}

}  // namespace
}  // namespace leat::database
