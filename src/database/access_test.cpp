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
