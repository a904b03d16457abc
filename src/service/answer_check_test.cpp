// An answer that breaks its service's promise is not given, and what led to it is not done.
#include <gmock/gmock.h>

#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;

SystemPlan library() {
  const auto promised = json_schema(
      R"({"type":"object","required":["id"],"properties":{"id":{"type":"integer"},
          "title":{"type":"string","maxLength":5},"tags":{"type":"array"}}})");
  ServicePlan service;
  service.name = "library";
  service.state = {migration(1, "create table books (id integer primary key autoincrement, title text, tags text)")};
  const auto shown = shape({"id", "title", "tags:json"});

  CommandPlan add;
  add.route = route("POST", "/books");
  add.body = json_schema(R"({"type":"object","properties":{"title":{"type":"string"},"tags":{"type":"string"}}})");
  add.steps = {statement("insert into books (title, tags) values (:title, :tags) returning id, title, tags", {}, 3)};
  add.shape = shown;
  add.shows_last_step = true;
  add.status = 201;
  CommandPlan careful = add;
  careful.route = route("POST", "/careful");
  careful.answer_schema = promised;
  CommandPlan selected = careful;
  selected.route = route("POST", "/selected");
  selected.shows_last_step = false;
  selected.answer = statement("select max(id), title, tags from books", {}, 3);

  QueryPlan one;
  one.route = route("GET", "/books/{id:integer}");
  one.first = statement("select id, title, tags from books where id = :id", {{"id", path(0)}}, 3);
  one.shape = shown;
  one.uses_state = true;
  one.answer_schema = promised;
  QueryPlan many = one;
  many.route = route("GET", "/books");
  many.many = true;
  many.first = statement("select id, title, tags from books order by id limit :limit", {}, 3);
  many.next = statement("select id, title, tags from books where id > :after.1 order by id limit :limit", {}, 3);
  many.order_columns = {0};

  service.commands = {add, careful, selected};
  service.queries = {one, many};
  SystemPlan out;
  out.name = "test";
  out.services = {service};
  return out;
}

struct Answered {
  const char *name, *body, *says;  // says: what is wrong; null: nothing
};
const Answered cases[] = {
    {"as promised", R"({"title":"short","tags":"[1,2]"})", nullptr},
    {"too long", R"({"title":"too long","tags":"[]"})", "at '/title'"},
    {"NULL", R"({"title":"short"})", "at '/tags'"},
    {"no array", R"({"title":"short","tags":"{}"})", "at '/tags'"},
    {"no JSON", R"({"title":"short","tags":"[1"})", "at '/tags'"},
};

TEST(AnswerSchema, ACommandThatBreaksItIsNotDone) {
  for (const auto& [name, body, says] : cases) {
    for (const char* path : {"/careful", "/selected"}) {
      SCOPED_TRACE(std::string(name) + path);
      TestMachine machine;
      ASSERT_TRUE(machine.start(library()));
      const auto answer = machine.call("POST", path, body, {{"Idempotency-Key", "k"}});
      EXPECT_EQ(answer.status, says ? 500 : 201) << answer.body;
      EXPECT_THAT(answer.body, HasSubstr(says ? says : R"({"id":1,"title":"short","tags":[1,2]})"));
      EXPECT_EQ(machine.call("GET", "/books/1").status, says ? 404 : 200);
      EXPECT_EQ(machine.lines.size(), says ? 1u : 0u);
      const auto again = machine.call("POST", path, body, {{"Idempotency-Key", "k"}});
      EXPECT_EQ(header(again, "Idempotent-Replayed"), says ? "" : "true") << "the service may have been mended";
    }
  }
}

TEST(AnswerSchema, AQueryThatBreaksItTellsNothing) {
  for (const auto& [name, body, says] : cases) {
    for (const char* path : {"/books/2", "/books"}) {
      SCOPED_TRACE(std::string(name) + path);
      TestMachine machine;
      ASSERT_TRUE(machine.start(library()));
      ASSERT_EQ(machine.call("POST", "/books", R"({"title":"a","tags":"[]"})").status, 201);
      ASSERT_EQ(machine.call("POST", "/books", body).status, 201);
      ASSERT_EQ(machine.call("POST", "/books", R"({"title":"b","tags":"[]"})").status, 201);
      const auto answer = machine.call("GET", path);
      EXPECT_EQ(answer.status, says ? 500 : 200) << answer.body;
      EXPECT_THAT(answer.body, HasSubstr(says ? says : R"({"id":2,"title":"short","tags":[1,2]})"));
      EXPECT_EQ(header(answer, "ETag").empty(), says != nullptr);
      EXPECT_EQ(machine.lines.size(), says ? 1u : 0u);
      EXPECT_THAT(machine.lines, testing::Each(HasSubstr("a query failed by a mistake of its service")));
      EXPECT_EQ(machine.call("GET", "/books/1").status, 200) << "the others are answered";
    }
  }
}

}  // namespace
}  // namespace leat::service
