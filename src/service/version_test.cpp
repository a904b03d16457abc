// Who changes a row says which one he has seen; who reads it again is told when it is still that one.
#include <gmock/gmock.h>

#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;

SystemPlan wiki() {
  ServicePlan service;
  service.name = "wiki";
  service.state = {migration(1,
                             "create table pages (id integer primary key, text text not null, version integer);"
                             "insert into pages values (1, 'old', 7), (2, 'old', null)")};
  const Sources id = {{"id", path(0)}};
  CommandPlan write;
  write.route = route("PUT", "/pages/{id:integer}");
  write.require = {{403, "locked", statement("select 1 where :id <> 9", id)}};
  write.if_match = {statement("select version from pages where id = :id", id, 1), false};
  write.steps = {statement("update pages set text = 'new', version = version + 1 where id = :id returning id", id, 1)};
  write.shape = shape({"id"});
  write.shows_last_step = true;
  write.missing_row_is_not_found = true;

  CommandPlan careful = write;
  careful.route = route("PATCH", "/pages/{id:integer}");
  careful.if_match->required = true;

  CommandPlan careless = write;
  careless.route = route("POST", "/pages/{id:integer}");
  careless.if_match.reset();

  QueryPlan read;
  read.route = route("GET", "/pages/{id:integer}");
  read.first = statement("select text, version from pages where id = :id", id, 2);
  read.shape = shape({"text", "version"});
  read.uses_state = true;
  read.etag_column = 1;

  service.commands = {write, careful, careless};
  service.queries = {read};
  SystemPlan out;
  out.name = "test";
  out.services = {service};
  return out;
}

TEST(Version, IfMatchLetsThroughWhoHasSeenTheRow) {
  struct Case {
    const char *name, *method, *target, *if_match;
    int status;
    bool changed;
  };
  for (const auto& [name, method, target, if_match, status, changed] : {
           Case{"the version seen", "PUT", "/pages/1", R"("7")", 200, true},
           Case{"one of several", "PUT", "/pages/1", R"("6", "7")", 200, true},
           Case{"any", "PUT", "/pages/1", "*", 200, true},
           Case{"no condition", "PUT", "/pages/1", nullptr, 200, true},
           Case{"an older one", "PUT", "/pages/1", R"("6")", 412, false},
           Case{"a weak one", "PUT", "/pages/1", R"(W/"7")", 412, false},
           Case{"not a tag", "PUT", "/pages/1", "7", 400, false},
           Case{"required and there", "PATCH", "/pages/1", R"("7")", 200, true},
           Case{"required and missing", "PATCH", "/pages/1", nullptr, 428, false},
           Case{"required and old", "PATCH", "/pages/1", R"("6")", 412, false},
           Case{"nobody looks at it", "POST", "/pages/1", R"("7")", 400, false},
           Case{"a row without a version", "PUT", "/pages/2", R"("7")", 412, false},
           Case{"a row without a version, any", "PUT", "/pages/2", "*", 200, true},
           Case{"no row", "PUT", "/pages/3", R"("7")", 412, false},
           Case{"no row, any", "PUT", "/pages/3", "*", 412, false},
           Case{"no row, no condition", "PUT", "/pages/3", nullptr, 404, false},
           Case{"a requirement comes first", "PUT", "/pages/9", R"("7")", 403, false},
       }) {
    SCOPED_TRACE(name);
    TestMachine machine;
    ASSERT_TRUE(machine.start(wiki()));
    const auto headers = if_match ? HeaderList{{"If-Match", if_match}} : HeaderList{};
    EXPECT_EQ(machine.call(method, target, "", headers).status, status);
    if (status == 404 || std::string_view(target) >= "/pages/3") continue;
    const auto now = machine.call("GET", target);
    EXPECT_THAT(now.body, HasSubstr(changed ? "new" : "old"));
  }
}

TEST(Version, ACommandThatLooksAtNoneNamesItselfAndTheWayOut) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(wiki()));
  const auto refused = machine.call("POST", "/pages/1", "", {{"If-Match", "*"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("POST /pages/{id:integer} looks at no version: send it without If-Match, or give "
                                      "it `if_match: select ...` in its definition"));
}

TEST(Version, OfTwoWhoHaveSeenTheSameOneIsTooLate) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(wiki()));
  const auto seen = header(machine.call("GET", "/pages/1"), "ETag");
  const auto first = machine.send("PUT", "/pages/1", "", {{"If-Match", seen}});
  const auto second = machine.send("PUT", "/pages/1", "", {{"If-Match", seen}});
  machine.world.run_until([&] { return first->has_value() && second->has_value(); });
  EXPECT_EQ((*first)->status, 200);
  EXPECT_EQ((*second)->status, 412);
  EXPECT_EQ(machine.call("GET", "/pages/1").body, R"({"text":"new","version":8})");
}

TEST(Version, AKeyRemembersThatItWasTooLate) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(wiki()));
  const HeaderList late = {{"If-Match", R"("8")"}, {"Idempotency-Key", "k"}};
  EXPECT_EQ(machine.call("PUT", "/pages/1", "", late).status, 412);
  ASSERT_EQ(machine.call("PUT", "/pages/1").status, 200);  // now it is 8
  const auto again = machine.call("PUT", "/pages/1", "", late);
  EXPECT_EQ(again.status, 412);
  EXPECT_EQ(header(again, "Idempotent-Replayed"), "true");
  EXPECT_EQ(machine.call("PUT", "/pages/1", "", {{"If-Match", R"("9")"}, {"Idempotency-Key", "k"}}).status, 422);
}

TEST(Version, IsTheETagOfItsQuery) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(wiki()));
  EXPECT_EQ(header(machine.call("GET", "/pages/1"), "ETag"), R"("7")");
  EXPECT_EQ(header(machine.call("GET", "/pages/2"), "ETag"), "") << "without a version there is none";
  EXPECT_EQ(machine.call("GET", "/pages/3").status, 404);
  struct Case {
    const char *target, *if_none_match;
    int status;
  };
  for (const auto& [target, if_none_match, status] : {
           Case{"/pages/1", R"("7")", 304},
           Case{"/pages/1", R"("6", W/"7")", 304},
           Case{"/pages/1", "*", 304},
           Case{"/pages/1", R"("6")", 200},
           Case{"/pages/1", R"("17")", 200},
           Case{"/pages/2", R"("7")", 200},
           Case{"/pages/3", "*", 404},
       }) {
    SCOPED_TRACE(std::string(target) + " " + if_none_match);
    const auto answer = machine.call("GET", target, "", {{"If-None-Match", if_none_match}});
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body.empty(), status == 304);
    EXPECT_EQ(header(answer, "ETag"), target == std::string_view("/pages/1") ? R"("7")" : "");
  }
  ASSERT_EQ(machine.call("PUT", "/pages/2").status, 200);  // changes the state, not this row
  EXPECT_EQ(machine.call("GET", "/pages/1", "", {{"If-None-Match", R"("7")"}}).status, 304);
  ASSERT_EQ(machine.call("PUT", "/pages/1").status, 200);
  EXPECT_EQ(machine.call("GET", "/pages/1", "", {{"If-None-Match", R"("7")"}}).status, 200);
}

}  // namespace
}  // namespace leat::service
