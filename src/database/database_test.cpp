#include "database/database.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "database/deadline.h"
#include "database/scratch.h"
#include "database/transaction.h"

namespace leat::database {
namespace {

TEST(Failure, TellsWhatACallerMayDo) {
  auto db = in_memory();
  ASSERT_TRUE(
      db.execute("create table users (id integer primary key, email text not null unique, age int check (age >= 0));"
                 "create table posts (id integer primary key, author int references users (id)) strict;"
                 "insert into users values (1, 'a@x', 3)"));
  struct Case {
    const char* sql;
    Code code;
    const char* what;
  };
  for (const auto& [sql, code, what] : {
           Case{"insert into users values (2, 'a@x', 1)", Code::conflict, "UNIQUE constraint failed: users.email"},
           Case{"insert into users values (1, 'b@x', 1)", Code::conflict, "UNIQUE constraint failed: users.id"},
           Case{"insert into posts values (1, 7)", Code::conflict, "FOREIGN KEY constraint failed"},
           Case{"insert into users values (2, null, 1)", Code::invalid, "NOT NULL constraint failed: users.email"},
           Case{"insert into users values (2, 'b@x', -1)", Code::invalid, "CHECK constraint failed: age >= 0"},
           Case{"insert into posts values (1, 'seven')", Code::invalid,
                "cannot store TEXT value in INT column posts.author"},
           Case{"select zeroblob(100000000)", Code::too_large, "string or blob too big"},
       }) {
    SCOPED_TRACE(sql);
    const auto ran = db.prepare(sql)->run();
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, code);
    EXPECT_EQ(ran.error().what, what);
  }
}

TEST(Failure, PointsAtTheCharacter) {
  auto db = in_memory();
  ASSERT_TRUE(db.execute("create table t (a)"));
  struct Case {
    const char* sql;
    int offset;
    const char* what;
  };
  for (const auto& [sql, offset, what] : {
           Case{"select b from t", 7, "no such column: b"},
           Case{"select a frm t", 13, "near \"t\": syntax error"},
           Case{"select \"a string\" from t", 7, "no such column: a string"},
           Case{"select nosuch(a) from t", 7, "no such function: nosuch"},
           Case{"", 0, "there is no statement"},
           Case{"-- only a comment", 0, "there is no statement"},
           Case{"select a from t; select 2", 16, "more than one statement"},
       }) {
    SCOPED_TRACE(sql);
    const auto prepared = db.prepare(sql);
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().error.code, Code::invalid);
    EXPECT_EQ(prepared.error().offset, offset);
    EXPECT_EQ(prepared.error().error.what, what);
  }
  const auto script = db.execute("select 1;\nselect a from t;\nselect b from t");
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().offset, 34);
}

TEST(Statement, GivesBackWhatWasBound) {
  auto db = in_memory();
  auto statement = *db.prepare("select ?1, ?2, ?3, ?4, ?5, ?6");
  EXPECT_EQ(statement.parameters(), 6);
  const std::string zeros("\0x\0", 3);
  statement.bind(1, INT64_MIN).bind_real(2, 0.1).bind_text(3, "žluť", Bytes::copied).bind_blob(4, zeros);
  statement.bind_text(5, {}).bind_null(6);
  for (int round = 0; round < 2; ++round) {  // bindings survive the end of the rows
    ASSERT_TRUE(*statement.step());
    EXPECT_EQ(statement.integer(0), INT64_MIN);
    EXPECT_EQ(statement.real(1), 0.1);
    EXPECT_EQ(statement.text(2), "žluť");
    EXPECT_EQ(statement.blob(3), zeros);
    EXPECT_EQ(statement.type(4), Type::text);
    EXPECT_EQ(statement.text(4), "");
    EXPECT_EQ(statement.type(5), Type::null);
    ASSERT_FALSE(*statement.step());
  }
  statement.clear_bindings();
  ASSERT_TRUE(*statement.step());
  EXPECT_TRUE(statement.is_null(0));
}

TEST(Statement, TellsItsShape) {
  auto db = in_memory();
  ASSERT_TRUE(db.execute("create table users (id integer primary key, name text, ok boolean)"));
  const auto select = *db.prepare(R"(select u.name as "author.name", ok, 1 + 1 from users u)");
  EXPECT_TRUE(select.is_read_only());
  ASSERT_EQ(select.columns(), 3);
  EXPECT_EQ(select.name(0), "author.name");
  EXPECT_EQ(select.declared_type(1), "boolean");
  ASSERT_TRUE(select.origin(0));
  EXPECT_EQ(select.origin(0)->table, "users");
  EXPECT_EQ(select.origin(0)->column, "name");
  EXPECT_EQ(select.declared_type(2), "");
  EXPECT_FALSE(select.origin(2));
  EXPECT_FALSE(db.prepare("delete from users")->is_read_only());
}

TEST(Statement, TellsAValueThatIsTooLargeAtTheNextStep) {
  auto options = quick();
  options.value_bytes_max = 1000;
  auto db = *Database::open(":memory:", options);
  auto statement = *db.prepare("select ?1");
  statement.bind_text(1, std::string(1001, 'x'), Bytes::copied);
  const auto row = statement.step();
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code, Code::too_large);
}

TEST(Transaction, KeepsAllOrNothing) {
  auto db = in_memory();
  ASSERT_TRUE(db.execute("create table t (a)"));
  {
    auto dropped = *Transaction::write(db);
    ASSERT_TRUE(db.execute("insert into t values (1)"));
  }
  EXPECT_EQ(answer(db, "select a from t"), "");
  auto kept = *Transaction::write(db);
  for (const bool keep : {true, false, true}) {
    auto part = *Savepoint::open(db);
    ASSERT_TRUE(db.execute(keep ? "insert into t values ('kept')" : "insert into t values ('undone')"));
    if (keep) {
      ASSERT_TRUE(part.keep());
    }
  }
  ASSERT_TRUE(kept.commit());
  EXPECT_EQ(answer(db, "select a from t"), "kept;kept");
}

TEST(Now, IsOneValueForEachTransaction) {
  auto db = in_memory();
  EXPECT_EQ(answer(db, "select now()"), "invalid: now() has no value here");
  db.set_now(1'700'000'000'123);
  EXPECT_EQ(answer(db, "select now(), now() = (select now())"), "2023-11-14T22:13:20.123Z,1");
  ASSERT_TRUE(db.execute("create table t (a, at text default (now())); insert into t (a) values (1)"));
  EXPECT_EQ(answer(db, "select at from t"), "2023-11-14T22:13:20.123Z");
}

TEST(Password, IsVerifiedByItsHashOnly) {
  auto db = in_memory();
  auto hashing = *db.prepare("select password_hash('secret')");
  ASSERT_TRUE(*hashing.step());
  const std::string hash(hashing.text(0));
  EXPECT_TRUE(hash.starts_with("$argon2id$")) << hash;
  auto verify = *db.prepare("select password_verify(?1, ?2)");
  struct Case {
    std::string hash, password, answer;
  };
  for (const auto& c : {Case{hash, "secret", "1"}, Case{hash, "Secret", "0"}, Case{hash, "", "0"},
                        Case{"", "secret", "0"}, Case{"no hash", "secret", "0"}}) {
    verify.bind_text(1, c.hash).bind_text(2, c.password);
    ASSERT_TRUE(*verify.step());
    EXPECT_EQ(verify.text(0), c.answer) << c.hash << " " << c.password;
    verify.reset();
  }
  EXPECT_EQ(answer(db, "select password_hash(null), password_verify(null, 'x')"), "NULL,NULL");
  EXPECT_NE(answer(db, "select password_hash('secret')"), hash);
}

struct TickingClock final : platform::Clock {
  int ticks = 0;
  std::int64_t unix_ms() override { return 0; }
  platform::Instant now() override { return platform::Instant(platform::Duration(++ticks)); }
};

TEST(Deadline, EndsAStatementThatRunsTooLong) {
  auto db = in_memory();
  TickingClock clock;
  constexpr auto endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
  {
    const Deadline deadline(db, clock, platform::Instant(platform::Duration(50)));
    EXPECT_EQ(answer(db, "select 1"), "1");
    EXPECT_EQ(answer(db, endless), "timeout: interrupted");
    EXPECT_EQ(clock.ticks, 50);
  }
  EXPECT_EQ(
      answer(db,
             "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) select max(i) from n"),
      "100000");
}

TEST(Savepoint, SaysSoWhenTheWholeTransactionIsGone) {
  auto db = in_memory();
  ASSERT_TRUE(db.execute("create table t (a)"));
  TickingClock clock;
  auto transaction = *Transaction::write(db);
  auto part = *Savepoint::open(db);
  {
    const Deadline deadline(db, clock, platform::Instant(platform::Duration(2)));
    EXPECT_EQ(
        answer(db, "with recursive n(i) as (select 1 union all select i + 1 from n) insert into t select i from n"),
        "timeout: interrupted");
  }
  EXPECT_FALSE(transaction.is_open());
  EXPECT_EQ(part.keep().error().code, Code::unavailable);
  EXPECT_EQ(Savepoint::open(db).error().code, Code::unavailable);
  EXPECT_EQ(transaction.commit().error().code, Code::unavailable);
}

TEST(Database, RefusesWhatASchemaCouldSmuggleIn) {
  auto db = in_memory();
  for (const auto sql : {"pragma writable_schema = on; insert into sqlite_master values ('table','x','x',0,'')",
                         "select load_extension('x')",
                         "create table t (a); create trigger r after insert on t begin select password_hash('x'); end; "
                         "insert into t values (1)"})
    EXPECT_FALSE(db.execute(sql)) << sql;
}

// The operating system's files, as in production: several files, one of them read by a second connection.
TEST(Database, KeepsItsFilesBetweenConnections) {
  const auto folder = std::filesystem::path(testing::TempDir()) / fmt::format("leat_database_{}", ::getpid());
  std::filesystem::create_directories(folder);
  const auto state = (folder / "it's.db").string(), model = (folder / "model.db").string();
  {
    auto db = *Database::open(state, quick());
    ASSERT_TRUE(db.attach(model, "posts"));
    ASSERT_TRUE(db.execute("create table main.t (a); create table posts.t (a); insert into posts.t values (7)"));
    EXPECT_EQ(answer(db, "pragma posts.journal_mode"), "wal");
    EXPECT_EQ(answer(db, "pragma posts.synchronous"), "2");
    EXPECT_EQ(answer(db, "pragma posts.secure_delete"), "0");
    EXPECT_EQ(answer(db, "pragma foreign_keys"), "1");

    auto options = quick();
    options.read_only = true;
    auto reader = *Database::open(state, options);
    ASSERT_TRUE(reader.attach(model, "m"));
    EXPECT_EQ(answer(reader, "select a from m.t"), "7");
    EXPECT_EQ(answer(reader, "delete from m.t"), "invalid: attempt to write a readonly database");
    ASSERT_TRUE(reader.detach("m"));
    EXPECT_FALSE(reader.prepare("select a from m.t"));

    const auto copied = db.checkpoint(Checkpoint::truncate, "posts");
    ASSERT_TRUE(copied) << copied.error().what;
    EXPECT_EQ(copied->wal_pages, 0);
    EXPECT_TRUE(db.integrity_check());
  }
  auto options = quick();
  options.read_only = true;
  EXPECT_EQ(Database::open((folder / "none.db").string(), options).error().code, Code::io);
  std::ofstream(folder / "text.db")
      << "this is not a database, but it is long enough to be taken for a header of one ....";
  EXPECT_EQ(Database::open((folder / "text.db").string(), quick()).error().code, Code::corrupt);
  std::filesystem::remove_all(folder);
}

TEST(Database, AttachesTenFilesAndNoMore) {
  auto db = in_memory();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(db.attach(":memory:", fmt::format("m{}", i)));
  EXPECT_FALSE(db.attach(":memory:", "m10"));
}

TEST(Quoting, MakesAnyNameAndTextSafe) {
  EXPECT_EQ(quoted_name(R"(a"b)"), R"("a""b")");
  EXPECT_EQ(quoted_text("it's"), "'it''s'");
}

}  // namespace
}  // namespace leat::database
