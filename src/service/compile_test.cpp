#include "service/compile.h"

#include <fmt/format.h>

#include "database/database.h"
#include "service/test_folder.h"

namespace leat::service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Compile, WhateverChangesAnAnswerChangesTheHashOfThePlan) {
  const auto hash = [](std::string_view queries, std::string_view payload = R"({"type":"string"})") {
    Folder folder;
    write_system(folder,
                 std::string("read_models:\n  files:\n    tables: create table files (id integer primary key, "
                             "data blob)\n    when:\n      sale.made: insert into files values (:id, :name)\n") +
                     std::string(queries));
    folder.write("events/sale.made.json",
                 R"({"type":"object","required":["id"],"properties":{"id":{"type":"integer"},"name":)" +
                     std::string(payload) + "}}");
    std::vector<std::string> lines;
    const auto plan = folder.compile(lines);
    EXPECT_THAT(lines, testing::Not(testing::Contains(testing::HasSubstr("error")))) << queries;
    return plan.hash;
  };
  const std::string usual =
      "queries:\n  GET /items:\n    query: {a: {type: integer, default: 1}, b: {type: integer, default: 2}}\n"
      "    many: select id, name from items where id > :a and id > :b\n    order: id\n    limit: {default: 10}\n";
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string out = usual;
    const auto at = out.find(from);
    EXPECT_NE(at, std::string::npos);
    return out.replace(at, from.size(), to);
  };
  const auto before = hash(usual);
  EXPECT_EQ(hash(usual), before);
  EXPECT_NE(hash(with("default: 10", "default: 11")), before);
  EXPECT_NE(hash(with("default: 2", "default: 3")), before);
  EXPECT_NE(hash(with(":a and id > :b", ":b and id > :a")), before);
  EXPECT_NE(hash(usual, R"({"type":"string","contentEncoding":"base64"})"), before);
}

TEST(Compile, TellsEachMistakeAtItsCharacter) {
  struct Case {
    const char* rest;
    const char* expected;  // begin of the only line; empty: none
  };
  for (
      const auto& [rest, expected] : std::initializer_list<Case>{
          {"commands:\n  POST /items:\n    body: item.json\n    do: insert into items (id, name) values (:id, :name) "
           "returning id, name\n    emit: item.made\n",
           ""},
          {"commands:\n  POST /items:\n    body: item.json\n    do: |\n      insert into items (id, name)\n      "
           "values "
           "(:id, :nmae) returning id, name\n    emit: item.made\n",
           "shop.yaml:11:20: POST /items has no parameter `:nmae`; did you mean `:name`?"},
          {"commands:\n  POST /items:\n    body: item.json\n    do: |\n      insert into items (id, name)\n      "
           "valuess "
           "(:id, :name)\n",
           "shop.yaml:11:7: SQL: near \"valuess\": syntax error"},
          {"commands:\n  POST /items:\n    body: item.json\n    do: insert into itmes (id) values (:id) returning id\n",
           "shop.yaml:9:21: no such table: itmes"},
          {"commands:\n  POST /items:\n    body: item.json\n    do: insert into items (name) values (:name) returning "
           "name\n    emit: item.made\n",
           "shop.yaml:9:9: item.made requires `id`, which no column gives; return a column `id`"},
          {"commands:\n  POST /items:\n    body: item.json\n    do: insert into items (id, name) values (:id, :name) "
           "returning id, name, price\n    emit: item.made\n",
           "shop.yaml:9:9: item.made has no attribute `price`"},
          {"commands:\n  POST /items/{name}:\n    body: item.json\n    do: insert into items (id, name) values (:id, "
           ":name) returning id\n",
           "shop.yaml:9:51: `:name` stands both in the path and in the body"},
          {"commands:\n  POST /items:\n    do: drop table items\n", "shop.yaml:8:9: `drop"},
          {"commands:\n  POST /items:\n    body: item.json\n    require: {409 gone: delete from items where id = :id}\n"
           "    do: update items set name = :name where id = :id\n",
           "shop.yaml:9:"},
          {"queries:\n  GET /items/{id:integer}:\n    one: select id, name from items where id = :id\n", ""},
          {"queries:\n  GET /items/{id:integer}:\n    one: select id, nam from items where id = :id\n",
           "shop.yaml:8:21: no such column: nam"},
          {"queries:\n  GET /items/{id:integer}:\n    one: select id, id as \"id\" from items where id = :id\n",
           "shop.yaml:8:10: two columns are named `id`"},
          {"queries:\n  GET /items/{id:integer}:\n    one: select id as \"item\", name as \"item.name\" from items "
           "where "
           "id = :id\n",
           "shop.yaml:8:10: `item` is a value here and an object elsewhere"},
          {"queries:\n  GET /items:\n    many: select id, name from items\n    order: price desc\n",
           "shop.yaml:9:12: `order:` names `price`, which the select does not return"},
          {"queries:\n  GET /items/{id:integer}:\n    one: delete from items where id = :id returning id\n",
           "shop.yaml:8:10: a query changes tables"},
          {"commands:\n  POST /items:\n    body: item.json\n    do: insert into items (id, name) values (:id, :name) "
           "returning name as id, name\n    emit: item.made\n",
           "shop.yaml:9:9: item.made wants `id` as integer, and the column is declared TEXT"},
          {"commands:\n  PUT /items/{id:integer}:\n    if_match: select price from items where id = :id\n"
           "    do: update items set price = 1 where id = :id\n",
           ""},
          {"commands:\n  PUT /items/{id:integer}:\n    if_match: select id, price from items where id = :id\n"
           "    do: update items set price = 1 where id = :id\n",
           "shop.yaml:8:15: `if_match` selects 2 columns; select the one that the query names as its `etag`"},
          {"commands:\n  PUT /items/{id:integer}:\n    if_match: delete from items where id = :id returning id\n"
           "    do: update items set price = 1 where id = :id\n",
           "shop.yaml:8:15: `if_match` changes tables"},
          {"commands:\n  PUT /items/{id:integer}:\n    if_match: select price from items where id = :nr\n"
           "    do: update items set price = 1 where id = :id\n",
           "shop.yaml:8:50: PUT /items/{id:integer} has no parameter `:nr`"},
          {"commands:\n  DELETE /items/{id:integer}:\n    do: delete from items where id = :id returning id, name\n"
           "    answer: {schema: item.json}\n",
           "shop.yaml:9:22: the command shows no row that could fit a schema"},
          {"commands:\n  PUT /items/{id:integer}:\n    do: update items set price = 1 where id = :id returning id\n"
           "    answer: {schema: item.json}\n",
           "shop.yaml:8:9: item.json requires `name`, which no column gives; return a column `name`"},
          {"commands:\n  PUT /items/{id:integer}:\n    do: update items set price = 1 where id = :id\n"
           "    answer:\n      select: select id, name, price from items where id = :id\n      schema: item.json\n",
           "shop.yaml:10:15: item.json has no attribute `price`"},
          {"queries:\n  GET /items/{id:integer}:\n    one: select id, name from items where id = :id\n"
           "    etag: name\n    answer: {schema: item.json}\n",
           ""},
          {"queries:\n  GET /items/{id:integer}:\n    one: select id, name from items where id = :id\n    etag: "
           "version\n",
           "shop.yaml:9:11: `etag:` names `version`, which the select does not return"},
          {"queries:\n  GET /items/{id:integer}:\n    one: select i.id, i.price, o.name from items i join others o on "
           "o.id = i.id where i.id = :id\n    etag: price\n",
           "shop.yaml:9:11: warning: the answer shows 2 tables, and `price` changes with one of them"},
          {"queries:\n  GET /items/{id:integer}:\n    one: select id, price, now() as now from items where id = :id\n"
           "    etag: price\n",
           "shop.yaml:9:11: warning: the answer asks the clock or chance, and `price` does not change with it"},
          {"queries:\n  GET /items:\n    many: select id from items\n    order: id\n    answer: {schema: item.json}\n",
           "shop.yaml:8:11: item.json requires `name`, which no column gives"},
          {"queries:\n  GET /items/{id:integer}:\n    one: select id, name, done from items where id = :id\n"
           "    answer: {schema: item.json}\n",
           "shop.yaml:8:10: warning: `done` may be NULL, which item.json does not allow"},
          {"read_models:\n  names:\n    tables: create table names (id integer primary key, name text)\n    when:\n"
           "      item.made: insert into names values (:id, random())\n",
           "shop.yaml:10:18: `random()` gives another value at each rebuild"},
          {"read_models:\n  names:\n    tables: create table names (id integer primary key, name text)\n    when:\n"
           "      item.made: insert into names values (:id, datetime('now'))\n",
           "shop.yaml:10:49: the statement asks the clock"},
          {"read_models:\n  names:\n    tables: create table names (id integer, name text)\n    when:\n"
           "      item.made: insert into names values (:id, :name)\n",
           "shop.yaml:8:13: table `names` has no primary key"},
          {"read_models:\n  names:\n    tables: create table names (id integer primary key, name text)\n    when:\n"
           "      item.made: insert into names values (:id, :name)\n"
           "      sale.made: delete from names where id = :id\n",
           "shop.yaml:11:18: table `names` is fed by topic `items` and here by `sales`"},
          {"read_models:\n  names:\n    tables: |\n      create table a (id integer primary key, name text);\n      "
           "create "
           "table b (id integer primary key, name text)\n    when:\n"
           "      item.made: insert into a values (:id, :name)\n"
           "      sale.made: insert into b select :id, name from a where id = :id\n",
           "shop.yaml:13:18: the statement follows topic `sales` and reads `a`, which topic `items` feeds"},
          {"read_models:\n  names:\n    tables: create table items (id integer primary key, name text)\n    when:\n"
           "      item.made: insert into items values (:id, :name)\n",
           "shop.yaml:8:13: table `items` stands in the state as well"},
          {"read_models:\n  names:\n    tables: create table names (id integer primary key, name text)\n    when:\n"
           "      item.made: insert into names values (:id, :colour)\n",
           "shop.yaml:10:49: item.made has no parameter `:colour`"},
      }) {
    SCOPED_TRACE(rest);
    Folder folder;
    write_system(folder, rest);
    std::vector<std::string> lines;
    folder.compile(lines);
    expect_line(lines, expected);
  }
}

TEST(Compile, ScriptsMakeTablesAndRowsAndNothingElse) {
  struct Case {
    const char* script;
    const char* expected;  // begin of the only line; empty: none
  };
  for (const auto& [script, expected] : {
           Case{"create table a (x);\ninsert into a values ('leat_')", ""},
           Case{"create table a (x);\n  attach '../identity/state.db' as theirs",
                "shop.sql:2:3: `attach` has no place in a script of a service"},
           Case{"create table a (x);\npragma foreign_keys = off", "shop.sql:2:1: `pragma` has no place"},
           Case{"begin; create table a (x); commit", "shop.sql:1:1: `transaction` has no place"},
           Case{"create table a (x);\ndrop table if exists Leat_Outbox",
                "shop.sql:2:22: names that begin with `leat_` are Leat's own"},
           Case{"drop table if exists \"leat_meta\"", "shop.sql:1:22: names that begin with `leat_` are Leat's own"},
       }) {
    SCOPED_TRACE(script);
    Folder folder;
    write_system(folder, "");
    folder.write("shop.sql", script);
    std::vector<std::string> lines;
    folder.compile(lines);
    expect_line(lines, expected);
  }
}

// What follows from a mistake is not told as one more, and no mistake is without its place.
TEST(Compile, TellsASlipOnce) {
  const std::string body = "commands:\n  POST /items:\n    body: item.json\n";
  const std::string insert = "    do: insert into items (id, name) values (:id, :name)\n";
  const std::string hears =
      "read_models:\n  names:\n    tables: create table names (id integer primary key, name text)\n    when:\n"
      "      item.made: insert into names values (:id, :name)\n";
  struct Case {
    std::string rest;
    const char* expected;  // begin of the only line
    const char *file = "other.txt", *text = "";
  };
  for (const auto& [rest, expected, file, text] : std::initializer_list<Case>{
           {body + insert, "shop.sql:1:1: migration 2 where 1 is next", "shop.sql", "-- migration 2\nselect 1;\n"},
           {body + insert, "item.json:1:2: ", "item.json", "{"},
           {hears, "events/item.made.json:1:2: ", "events/item.made.json", "{"},
           {hears, "shop.yaml:4:29: not a usable JSON Schema: events/item.made.json: /: 'requird' is not a keyword",
            "events/item.made.json",
            R"({"type":"object","requird":["id"],"required":["id"],"properties":{"id":{"type":"integer"}}})"},
           {body + "    doo: insert into items (id, name) values (:id, :name)\n", "shop.yaml:9:5: unknown key `doo`"},
           {body + "    do: insert into items (id) values (?)\n", "shop.yaml:9:40: `?`"},
           {body + "    let:\n      hash: password_hash(?)\n    do: insert into items (id, name) values (:id, :hash)\n",
            "shop.yaml:10:27: `?`"},
           {body + "    require:\n      409 gone: select ?\n" + insert, "shop.yaml:10:24: `?`"},
           {body + insert + "    answer: select ?\n", "shop.yaml:10:20: `?`"},
           {body + insert + "    emit:\n      item.made: select ?\n", "shop.yaml:11:25: `?`"},
           {"queries:\n  GET /items:\n    one: select ?\n", "shop.yaml:8:17: `?`"},
           {"queries:\n  GET /items:\n    many: select id from items\n    ordr: id\n",
            "shop.yaml:9:5: unknown key `ordr`"},
           {"queries:\n  GET /items:\n    noe: select id from items\n", "shop.yaml:8:5: unknown key `noe`"},
       }) {
    SCOPED_TRACE(expected);
    Folder folder;
    write_system(folder, rest);
    folder.write(file, text);
    std::vector<std::string> lines;
    folder.compile(lines);
    EXPECT_THAT(lines, ElementsAre(::testing::StartsWith(expected)));
  }
}

TEST(Compile, ReadsAMisspeltKeyAsTheOneThatWasMeant) {
  Folder folder;
  write_system(folder, "queries:\n  GET /items/{id:integer}:\n    one: select id from items where id = :id\n");
  folder.write("shop.yaml",
               "service: shop\nstat: shop.sql\nqueries:\n  GET /items/{id:integer}:\n"
               "    one: select id from items where id = :id\n");
  std::vector<std::string> lines;
  folder.compile(lines);
  EXPECT_THAT(lines, ElementsAre("shop.yaml:2:1: unknown key `stat`; did you mean `state`?"));
}

TEST(Compile, WarnsOfWhatWillHurtLater) {
  struct Case {
    const char* query;
    const char* expected;  // part of the only warning; empty: none
  };
  for (const auto& [query, expected] : std::initializer_list<Case>{
           {"many: select id from items where price = :price\n    order: id",
            ""},  // in order of the key, a page at a time
           {"many: select id, price from items where price = :price\n    order: price, id",
            ""},  // one price: again in order of the key,
           {"many: select id, price from items\n    order: price desc, id", "reads all"},
           {"one: select id from items where price = :price", "the query reads all of `items`"},
           {"one: select id from items where id = :price", ""},
           {"many: select name from items where id = :price\n    order: name", "may be skipped between pages"},
       }) {
    SCOPED_TRACE(query);
    Folder folder;
    write_system(folder, "queries:\n  GET /items/{price:integer}:\n    " + std::string(query) + "\n");
    std::vector<std::string> lines;
    folder.compile(lines);
    if (std::string_view(expected).empty()) {
      EXPECT_THAT(lines, IsEmpty());
    } else {
      EXPECT_THAT(lines, ElementsAre(::testing::HasSubstr(expected)));
    }
  }
}

TEST(Compile, DecidesWhereValuesComeFromAndGo) {
  Folder folder;
  write_system(
      folder,
      "commands:\n  POST /items:\n    body: item.json\n    do: insert into items (id, name, done, tags) values "
      "(:id, :name, :done, :tags) returning id, name, done, tags\n    emit: item.made\n"
      "  DELETE /items/{id:integer}:\n    do: delete from items where id = :id returning id\n    emit: item.gone\n"
      "read_models:\n  names:\n    tables: create table names (id integer primary key, name text)\n    when:\n"
      "      item.made: insert or replace into names values (:id, :name)\n"
      "      item.gone: delete from names where id = :id\n"
      "queries:\n  GET /named/{id:integer}:\n    many: select o.id, n.name as \"item.name\" from others o left join "
      "names n on n.id = o.id where o.id = :id\n    order: id desc\n");
  std::vector<std::string> lines;
  const SystemPlan plan = folder.compile(lines);
  ASSERT_THAT(lines, IsEmpty());
  const ServicePlan& shop = plan.services.at(0);

  const CommandPlan& post = shop.commands.at(0);
  EXPECT_EQ(post.status, 201);
  EXPECT_TRUE(post.missing_row_is_not_found);
  EXPECT_EQ(post.steps.at(0).sources.at(1).from, Source::From::body);
  EXPECT_EQ(post.emit.at(0).payload.columns.at(2).encode, Encode::boolean);
  EXPECT_EQ(post.emit.at(0).payload.columns.at(3).encode, Encode::json);

  EXPECT_EQ(shop.commands.at(1).status, 204);
  EXPECT_FALSE(shop.commands.at(1).shows_last_step);

  const ReadModelPlan& names = shop.read_models.at(0);
  EXPECT_THAT(names.topics, ElementsAre("items"));
  EXPECT_TRUE(names.when.at(0).last_of_key_wins);
  EXPECT_FALSE(names.when.at(1).last_of_key_wins);

  const QueryPlan& query = shop.queries.at(0);
  EXPECT_TRUE(query.uses_state);
  EXPECT_THAT(query.read_models, ElementsAre("names"));
  EXPECT_THAT(query.shape.columns.at(1).path, ElementsAre("item", "name"));
  EXPECT_THAT(query.order_columns, ElementsAre(0));
  EXPECT_EQ(
      query.next->sql.numbered,
      "select * from (select o.id, n.name as \"item.name\" from others o left join names n on n.id = o.id where o.id = "
      "?1\n) where ((\"id\" < ?2)) order by \"id\" desc limit ?3");
}

TEST(Compile, PagesKnowWhatTheColumnsOfTheirOrderHold) {
  Folder folder;
  write_system(folder,
               "queries:\n  GET /items:\n    many: select name, price, id, done, price + 1 as more from items\n"
               "    order: name, price, more, done, id\n");
  std::vector<std::string> lines;
  const SystemPlan plan = folder.compile(lines);
  using Holds = OrderFacts::Holds;
  std::vector<std::pair<Holds, bool>> facts;
  for (const auto& [holds, null] : plan.services.at(0).queries.at(0).order_facts) facts.emplace_back(holds, null);
  EXPECT_THAT(facts, ElementsAre(std::pair(Holds::text, false), std::pair(Holds::integers, true),
                                 std::pair(Holds::anything, true), std::pair(Holds::anything, true),
                                 std::pair(Holds::integers, false)));
}

// Its answer is other than the last one although nothing has changed, so nothing may be made of the data to tell.
// SQLite compares NULL with nothing: a page that ended at one was the last, and those behind all others never came.
TEST(Compile, PagesLeaveNoRowOutWhereItsOrderIsNull) {
  for (const char* order : {"price, id", "price desc, id", "price desc, id desc"}) {
    SCOPED_TRACE(order);
    Folder folder;
    write_system(folder,
                 fmt::format("queries:\n  GET /items:\n    many: select id, price from items\n    order: {}\n", order));
    std::vector<std::string> lines;
    const auto plan = folder.compile(lines).services.at(0).queries.at(0);
    auto items = database::Database::open(":memory:", {});
    ASSERT_TRUE(items);
    ASSERT_TRUE(
        items->execute("create table items (id integer primary key, price integer);"
                       "insert into items values (1,null),(2,5),(3,null),(4,5),(5,7)"));
    std::vector<std::int64_t> seen;
    auto page = items->prepare(plan.first.sql.numbered);
    ASSERT_TRUE(page);
    page->bind(1, 1);
    while (seen.size() < 10 && *page->step()) {
      seen.push_back(page->integer(0));
      auto next = items->prepare(plan.next->sql.numbered);
      ASSERT_TRUE(next);
      page->is_null(1) ? next->bind_null(1) : next->bind(1, page->integer(1));
      next->bind(2, page->integer(0)).bind(3, 1);
      page = std::move(next);
    }
    EXPECT_THAT(seen, testing::UnorderedElementsAre(1, 2, 3, 4, 5));
  }
}

TEST(Compile, ASpaceOrACommentIsNoChangeOfAReadModel) {
  const auto hash = [](const char* statement) {
    Folder folder;
    write_system(folder,
                 "read_models:\n  names:\n    tables: create table names (id integer primary key, name text)\n"
                 "    when:\n      item.made: |\n        " +
                     std::string(statement) + "\n");
    std::vector<std::string> lines;
    return folder.compile(lines).services.at(0).read_models.at(0).hash;
  };
  const std::string same = hash("insert into names values (:id, :name)");
  EXPECT_EQ(hash("insert  into names\n        values (:id, :name) -- all of it"), same);
  EXPECT_NE(hash("insert into names values (:id, upper(:name))"), same);
}

}  // namespace
}  // namespace leat::service
