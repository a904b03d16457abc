#include "database/access.h"

#include <gtest/gtest.h>

#include "database/scratch.h"

namespace leat::database {
namespace {

std::string told(const Access& access) {
  std::string out;
  for (const auto& [schema, table, column] : access.reads) out += fmt::format("read {}.{}.{};", schema, table, column);
  for (const auto& [schema, table, column] : access.updates)
    out += fmt::format("update {}.{}.{};", schema, table, column);
  for (const auto& [schema, table] : access.inserts) out += fmt::format("insert {}.{};", schema, table);
  for (const auto& [schema, table] : access.deletes) out += fmt::format("delete {}.{};", schema, table);
  for (const auto& function : access.functions) out += function + "();";
  for (const auto& other : access.others) out += other + ";";
  return out;
}

Database social() {
  auto db = in_memory();
  EXPECT_TRUE(
      db.execute("attach ':memory:' as seen;"
                 "create table seen.authors (id integer primary key, name text);"
                 "create table posts (id integer primary key, content text, author_id int, likes int);"
                 "create index posts_by_author on posts (author_id);"
                 "create table log (what text);"
                 "create trigger told after delete on posts begin insert into log values (old.content); end;"
                 "create view short as select id, substr(content, 1, 10) as start from posts"));
  return db;
}

TEST(Access, TellsWhatAStatementTouches) {
  auto db = social();
  struct Case {
    const char* sql;
    const char* touches;
  };
  for (const auto& [sql, touches] : {
           Case{"select p.content, a.name from posts p join seen.authors a on a.id = p.author_id",
                "read main.posts.author_id;read main.posts.content;read seen.authors.id;read seen.authors.name;"},
           Case{"select count(*) from posts", "read main.posts.;count();"},
           Case{"with n as (select 1) select count(*) from n, authors", "read seen.authors.;count();"},
           Case{"insert into posts values (1, 'a', 2, 0)", "insert main.posts;"},
           Case{"update posts set likes = likes + 1 where id = ?1",
                "read main.posts.id;read main.posts.likes;update main.posts.likes;"},
           Case{"delete from posts where id = 1",
                "read main.posts.content;read main.posts.id;insert main.log;delete main.posts;"},
           Case{"select DateTime('now')", "datetime();"},
           Case{"begin", "transaction;"},
           Case{"attach 'x' as y", "attach;"},
       }) {
    SCOPED_TRACE(sql);
    const auto examined = examine(db, sql);
    ASSERT_TRUE(examined) << examined.error().error.what;
    EXPECT_EQ(told(examined->access), touches);
  }
}

TEST(Access, SeesThroughViewsAndAnswersForTables) {
  auto db = social();
  const auto view = examine(db, "select start from short")->access;
  EXPECT_TRUE(view.reads_table("main", "posts"));
  EXPECT_FALSE(view.reads_table("seen", "posts"));
  EXPECT_TRUE(view.functions.contains("substr"));
  const auto upsert =
      examine(db, "insert into seen.authors values (1, 'a') on conflict do update set name = excluded.name")->access;
  EXPECT_TRUE(upsert.writes_table("seen", "authors"));
  EXPECT_FALSE(upsert.writes_table("main", "authors"));
}

TEST(ExecuteConfined, MakesTablesAndRowsAndNothingElse) {
  struct Case {
    const char* script;
    int offset;  // of the statement that is refused; -1: none is
  };
  for (const auto& [script, offset] : {
           Case{"create table a (x check (x > 0)); alter table a add column y check (y > 1); drop table a", -1},
           Case{
               "create table a (x); create index i on a (x); create view v as select x from a; insert into a select 1; "
               "create trigger t after insert on a begin update a set x = 2; end; alter table a rename column x to z",
               -1},
           Case{"create virtual table words using fts5(text); insert into words values ('a')", -1},
           Case{"attach ':memory:' as other", 0},
           Case{"select 1;attach ':memory:' as other", 9},
           Case{"detach seen", 0},
           Case{"pragma foreign_keys = off", 0},
           Case{"PRAGMA user_version", 0},
           Case{"begin", 0},
           Case{"commit", 0},
           Case{"savepoint a", 0},
           Case{"release a", 0},
           Case{"drop table leat_outbox", 0},
           Case{"delete from LEAT_outbox", 0},
           Case{"insert into leat_outbox values (1)", 0},
           Case{"alter table leat_outbox rename to a", 0},
           Case{"create index i on leat_outbox (n)", 0},
           Case{"create table leat_more (x)", 0},
           Case{"create trigger t after insert on leat_outbox begin select 1; end", 0},
           Case{"create table a as select n from leat_outbox", 0},
           Case{"create table a (n); insert into a select n from \"leat_outbox\"", 19},
       }) {
    SCOPED_TRACE(script);
    auto db = in_memory();
    ASSERT_TRUE(db.execute("create table leat_outbox (n); attach ':memory:' as seen"));
    const auto done = execute_confined(db, script);
    EXPECT_EQ(done.has_value(), offset < 0) << (done ? "" : done.error().error.what);
    if (!done) {
      EXPECT_EQ(done.error().error.code, Code::invalid);
      EXPECT_EQ(done.error().offset, offset);
    }
    EXPECT_FALSE(db.in_transaction());
    EXPECT_TRUE(db.execute("insert into leat_outbox values (1); detach seen")) << "others are not confined";
  }
}

TEST(QueryPlan, NamesWhatIsScannedWhole) {
  auto db = social();
  struct Case {
    const char* sql;
    const char* scans;
    bool sorts;
  };
  for (const auto& [sql, scans, sorts] : {
           Case{"select * from posts where id = ?1", "", false},
           Case{"select * from posts where author_id = ?1 order by id desc", "", false},
           Case{"select * from posts where author_id = ?1 order by likes", "", true},
           Case{"select * from posts p where content = ?1", "p;", false},
           Case{"select author_id from posts order by author_id", "posts by index;", false},
           Case{"select * from seen.authors a, posts where posts.id = a.id", "a;", false},
           Case{"select * from posts p left join seen.authors a on a.name = p.content where p.id = ?1", "a;", false},
           Case{"select value from json_each(?1)", "", false},
           Case{"select * from (values (1), (2))", "", false},
       }) {
    SCOPED_TRACE(sql);
    const auto plan = query_plan(db, sql);
    ASSERT_TRUE(plan);
    std::string told;
    for (const auto& scan : plan->scans) told += scan.table + (scan.by_index ? " by index;" : ";");
    EXPECT_EQ(told, scans) << fmt::format("{}", fmt::join(plan->lines, "\n"));
    EXPECT_EQ(plan->sorts, sorts);
  }
  EXPECT_EQ(query_plan(db, "select nosuch from posts").error().offset, 7);
}

}  // namespace
}  // namespace leat::database
