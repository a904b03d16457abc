#include "database/files_vfs.h"

#include <random>

#include <gtest/gtest.h>

#include "database/scratch.h"
#include "database/table_hash.h"
#include "database/transaction.h"
#include "platform/sim.h"

namespace leat::database {
namespace {

constexpr auto path = "/data/state.db";

// Transaction `number` of a workload that touches many pages: the same statements wherever it runs.
Result<> transact(Database& db, int number) {
  std::mt19937 choice(static_cast<unsigned>(number));
  LEAT_TRY(auto transaction, Transaction::write(db));
  LEAT_TRY(auto put, db.prepare("insert into item values (?1, ?2) on conflict do update set bytes = excluded.bytes"));
  for (unsigned i = 0, changes = 1 + choice() % 6; i < changes; ++i) {
    const std::string bytes(choice() % 3000, static_cast<char>('a' + choice() % 26));
    LEAT_CHECK(put.bind(1, choice() % 40).bind_text(2, bytes).run());
  }
  if (choice() % 8 == 0) LEAT_CHECK(db.execute("delete from item where id % 5 = 0"));
  LEAT_CHECK(db.execute(fmt::format("insert or replace into done values (1, {})", number)));
  return transaction.commit();
}

constexpr auto tables =
    "create table if not exists item (id integer primary key, bytes text);"
    "create table if not exists done (one integer primary key, number int)";

// What the tables hold after each number of transactions, by hash.
const std::vector<std::string>& expected_states() {
  static const auto states = [] {
    auto db = in_memory();
    EXPECT_TRUE(db.execute(tables));
    std::vector<std::string> hashes{*schema_hash(db, "main")};
    for (int number = 1; number <= 400; ++number) {
      EXPECT_TRUE(transact(db, number));
      hashes.push_back(*schema_hash(db, "main"));
    }
    return hashes;
  }();
  return states;
}

Options on(const FilesVfs& vfs, Synchronous synchronous) {
  Options options = quick();
  options.vfs = vfs.name();
  options.synchronous = synchronous;
  options.wal_autocheckpoint_pages = 30;  // several checkpoints in each life
  return options;
}

int number_in(Database& db) {
  const auto number = answer(db, "select number from done");
  return number.empty() ? 0 : std::stoi(number);
}

// One machine with one database through several lives, each ended by a power cut in the middle of the work.
class Machine {
 public:
  Machine(std::uint64_t seed, Synchronous synchronous) : world_(seed), synchronous_(synchronous) {
    EXPECT_TRUE(world_.files().make_directory("/data"));
    EXPECT_TRUE(world_.files().sync_directory("/"));
  }

  platform::SimFiles& files() { return world_.files(); }
  int acknowledged() const { return acknowledged_; }

  // Begins transactions until the power goes; a reader looks on. Returns the number that was found at the start.
  Result<int> live(std::uint64_t operations) {
    const FilesVfs vfs("sim", world_.platform());
    if (operations > 0) world_.files().crash_after(operations);
    LEAT_TRY(auto db, Database::open(path, on(vfs, synchronous_)));
    LEAT_CHECK(db.execute(tables));
    LEAT_CHECK(db.integrity_check());
    const int found = number_in(db);
    LEAT_TRY(const auto hash, schema_hash(db, "main"));
    if (hash != expected_states()[static_cast<std::size_t>(found)]) return fail(Code::corrupt, "a torn transaction");
    acknowledged_ = found;
    if (operations == 0) return found;
    auto options = on(vfs, synchronous_);
    options.read_only = true;
    LEAT_TRY(auto reader, Database::open(path, options));
    work(db, reader);
    return found;
  }

  void restart() { world_.restart(); }

 private:
  void work(Database& db, Database& reader) {
    for (; acknowledged_ < 390; ++acknowledged_) {
      // A reader that stays on an old snapshot holds the checkpoint back.
      auto snapshot = Transaction::read(reader);
      if (!snapshot || answer(reader, "select number from done").starts_with("io")) return;
      if (world_.choose(2) == 0) snapshot->rollback();
      if (!transact(db, acknowledged_ + 1)) return;
      if (world_.choose(20) == 0 && !db.checkpoint(Checkpoint::passive)) {
        ++acknowledged_;
        return;
      }
    }
  }

  platform::SimWorld world_;
  Synchronous synchronous_;
  int acknowledged_ = 0;
};

// How many lives out of all lost an acknowledged transaction. Torn ones fail the test at once.
int lives_with_losses(Synchronous synchronous, bool ignore_syncs, std::uint64_t seeds) {
  int losses = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 choice(seed);
    Machine machine(seed, synchronous);
    machine.files().ignore_syncs(ignore_syncs);
    for (int life = 0; life < 4; ++life) {
      const int before = machine.acknowledged();
      const auto found = machine.live(1 + choice() % 300);
      if (found) {
        losses += *found < before;
        EXPECT_TRUE(*found <= before + 1 || ignore_syncs) << *found << " of " << before;
      } else {
        EXPECT_TRUE(found.error().code != Code::corrupt || ignore_syncs) << found.error().what;
      }
      if (!machine.files().crashed()) machine.files().crash();
      machine.restart();
    }
    const int before = machine.acknowledged();
    const auto found = machine.live(0);
    EXPECT_TRUE(found || ignore_syncs) << found.error().what;
    losses += !found || *found < before;
  }
  return losses;
}

TEST(FilesVfs, FullLosesNoCommittedTransactionInAnyCrash) {
  EXPECT_EQ(lives_with_losses(Synchronous::full, false, 250), 0);
}

TEST(FilesVfs, NormalLosesOnlyTheLastTransactionsAndNeverTearsOne) {
  EXPECT_GT(lives_with_losses(Synchronous::normal, false, 100), 0);  // it promises less, and the world shows it
}

TEST(FilesVfs, TheCrashTestFindsADiskThatOnlyPretendsToSync) {
  EXPECT_GT(lives_with_losses(Synchronous::full, true, 30), 0);
}

struct OneWorld {
  explicit OneWorld(std::uint64_t seed) : world(seed), vfs("sim", world.platform()) {
    EXPECT_TRUE(world.files().make_directory("/data"));
  }
  Database open(bool read_only = false) {
    auto options = on(vfs, Synchronous::full);
    options.read_only = read_only;
    auto db = Database::open(path, options);
    EXPECT_TRUE(db) << db.error().what;
    return std::move(*db);
  }
  platform::SimWorld world;
  FilesVfs vfs;
};

TEST(FilesVfs, GivesEachReaderItsSnapshotAndOneWriterTheLock) {
  OneWorld one(1);
  auto writer = one.open(), other = one.open(), reader = one.open(true);
  ASSERT_TRUE(writer.execute("create table t (a); insert into t values (1)"));
  auto snapshot = *Transaction::read(reader);
  EXPECT_EQ(answer(reader, "select a from t"), "1");
  {
    auto writing = *Transaction::write(writer);
    ASSERT_TRUE(writer.execute("update t set a = 2"));
    const auto second = Transaction::write(other);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::unavailable);
    EXPECT_EQ(answer(other, "select a from t"), "1");
    ASSERT_TRUE(writing.commit());
  }
  EXPECT_EQ(answer(other, "select a from t"), "2");
  EXPECT_EQ(answer(reader, "select a from t"), "1");
  snapshot.rollback();
  EXPECT_EQ(answer(reader, "select a from t"), "2");
  EXPECT_EQ(answer(reader, "delete from t"), "invalid: attempt to write a readonly database");
}

TEST(FilesVfs, AFailedFlushStopsTheDatabaseForGood) {
  OneWorld one(2);
  auto db = one.open();
  ASSERT_TRUE(db.execute("create table t (a)"));
  one.world.files().fail_next_sync();
  const auto failed = db.execute("insert into t values (1)");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().error.code, Code::io);
  const auto again = db.execute("insert into t values (2)");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().error.code, Code::unavailable);
  EXPECT_TRUE(again.error().error.what.starts_with("the database has stopped after a failed flush"));
}

TEST(FilesVfs, AFailedFlushOfTheAutomaticCheckpointStopsItToo) {
  OneWorld one(3);
  auto db = *Database::open(path, on(one.vfs, Synchronous::normal));  // a commit flushes nothing, a checkpoint does
  ASSERT_TRUE(db.execute("create table t (a)"));
  one.world.files().fail_next_sync();
  EXPECT_TRUE(db.execute("insert into t values (zeroblob(200000))"));  // makes the WAL longer than it may be
  const auto next = db.execute("insert into t values (2)");
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().error.code, Code::unavailable);
}

TEST(FilesVfs, AFullDiskFailsTheTransactionAndKeepsTheRest) {
  OneWorld one(4);
  auto db = one.open();
  ASSERT_TRUE(db.execute("create table t (a); insert into t values (1)"));
  one.world.files().set_capacity(100'000);
  EXPECT_EQ(answer(db, "insert into t values (zeroblob(1000000))"), "no space: database or disk is full");
  EXPECT_EQ(answer(db, "select count(*) from t"), "1");
  one.world.files().set_capacity(0);
  EXPECT_EQ(answer(db, "insert into t values (zeroblob(1000000))"), "");
  EXPECT_EQ(answer(db, "select count(*) from t"), "2");
}

TEST(FilesVfs, ReplaysExactlyFromItsSeed) {
  const auto bytes_after_work = [] {
    OneWorld one(5);
    auto db = one.open();
    EXPECT_TRUE(db.execute(tables));
    for (int number = 1; number < 20; ++number) EXPECT_TRUE(transact(db, number));
    EXPECT_TRUE(db.execute("insert into item values (100, random())"));
    return *platform::read_file(one.world.files(), fmt::format("{}-wal", path));
  };
  EXPECT_EQ(bytes_after_work(), bytes_after_work());
}

}  // namespace
}  // namespace leat::database
