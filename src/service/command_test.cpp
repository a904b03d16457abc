// What a command answers, and what it leaves behind when it fails.
#include <gmock/gmock.h>

#include "service/lets.h"
#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;

CommandPlan command(std::string method, const std::string& path_text, std::vector<StatementPlan> steps, int status) {
  CommandPlan out;
  out.route = route(std::move(method), path_text);
  out.steps = std::move(steps);
  out.status = status;
  return out;
}

// One command for every way in which a command can end.
SystemPlan shop() {
  const auto body = json_schema(
      R"({"type":"object","properties":{"name":{"type":["string","null"]},"count":{},"shelf":{"type":"integer"}}})");
  const auto sold = event_plan("item.sold", "shop", "items",
                               R"({"type":"object","required":["id","name"],"properties":{"id":{"type":"integer"},
                                   "name":{"type":"string","maxLength":5}}})");
  ServicePlan service;
  service.name = "shop";
  service.topics = {topic("items", 2)};
  service.state = {migration(1,
                             "create table items (id integer primary key autoincrement, name text not null unique, "
                             "count integer check (count >= 0), shelf integer references shelves (id));"
                             "create table shelves (id integer primary key);"
                             "create table late (id integer references shelves (id) deferrable initially deferred)")};

  auto add = command("POST", "/items",
                     {statement("insert into items (name, count) values (:name, :count) returning id, name")}, 201);
  add.body = body;
  add.shape = shape({"id", "name"});
  add.shows_last_step = true;
  add.emit = {{sold, std::nullopt, shape({"id", "name"})}};

  auto hide = command("POST", "/quiet", {statement("insert into items (name) values (:name)")}, 204);
  hide.body = body;

  auto shelve =
      command("PUT", "/shelf/{id:integer}", {statement("update items set shelf = :id", {{"id", path(0)}})}, 204);
  auto late =
      command("PUT", "/late/{id:integer}", {statement("insert into late values (:id)", {{"id", path(0)}})}, 204);

  auto remove = command("DELETE", "/items/{id:integer}",
                        {statement("delete from items where id = :id returning id", {{"id", path(0)}})}, 204);
  remove.missing_row_is_not_found = true;

  auto guarded = command("POST", "/guarded", {statement("insert into items (name) values ('guarded')")}, 204);
  guarded.require = {{403, "not yours", statement("select 1 where 0")}};

  auto chain =
      command("POST", "/chain",
              {statement("insert into items (name) values (:name) returning id"),
               statement("update items set count = :first.id where id = :first.id", {{"first.id", step(0, "id")}})},
              200);
  chain.body = body;
  chain.answer =
      statement("select id, count, :hash as hash from items order by id desc limit 1", {{"hash", let(0)}}, 3);
  chain.let = {{"hash", statement("select upper(:name)")}};
  chain.shape = shape({"id", "count", "hash"});
  chain.emit = {{sold, statement("select id, name from items where id <= 2 order by id"), shape({"id", "name"})}};

  auto both = command("PUT", "/both/{id:integer}",
                      {statement("insert into items (name) values ('both')"),
                       statement("insert into late values (:id)", {{"id", path(0)}})},
                      204);

  service.commands = {add, hide, shelve, late, remove, guarded, chain, both};
  SystemPlan out;
  out.name = "test";
  out.topics.emplace("items", service.topics[0]);
  out.events.emplace("item.sold", sold);
  out.services = {service};
  return out;
}

TEST(Command, EveryOutcomeHasItsStatusAndFailuresLeaveNothing) {
  struct Case {
    const char *name, *method, *target, *body;
    int status;
    const char* says;
    std::size_t events;
  };
  for (const auto& [name, method, target, body, status, says, events] : {
           Case{"created", "POST", "/items", R"({"name":"b","count":1})", 201, R"({"id":2,"name":"b"})", 1},
           Case{"nothing to show", "POST", "/quiet", R"({"name":"b"})", 204, "", 0},
           Case{"removed", "DELETE", "/items/1", "", 204, "", 0},
           Case{"not JSON", "POST", "/items", "{", 400, "not JSON", 0},
           Case{"duplicate key", "POST", "/items", R"({"name":"a","name":"b"})", 400, "not JSON", 0},
           Case{"no body wanted", "POST", "/guarded", "{}", 400, "No body", 0},
           Case{"path parameter", "DELETE", "/items/x", "", 400, R"("parameter":"id")", 0},
           Case{"query string", "DELETE", "/items/1?a=%", "", 400, "query string", 0},
           Case{"schema", "POST", "/items", R"({"name":1})", 422, R"("errors":[{"pointer":"/name")", 0},
           Case{"beyond 64 bits", "POST", "/items", R"({"name":"b","count":9223372036854775808})", 422, "64-bit", 0},
           Case{"an integer of 21 digits", "POST", "/items", R"({"name":"b","shelf":100000000000000000000})", 422,
                "/shelf", 0},
           Case{"require", "POST", "/guarded", "", 403, "not yours", 0},
           Case{"no such row", "DELETE", "/items/9", "", 404, "Not found", 0},
           Case{"unique", "POST", "/items", R"({"name":"a","count":1})", 409, "UNIQUE constraint failed: items.name",
                0},
           Case{"foreign key", "PUT", "/shelf/7", "", 409, "FOREIGN KEY", 0},
           Case{"deferred foreign key", "PUT", "/late/7", "", 409, "FOREIGN KEY", 0},
           Case{"check", "POST", "/items", R"({"name":"b","count":-1})", 422, "CHECK constraint failed", 0},
           Case{"not null", "POST", "/items", R"({"count":1})", 422, "NOT NULL constraint failed: items.name", 0},
           Case{"event breaks its schema", "POST", "/items", R"({"name":"too long"})", 500,
                "item.sold breaks its schema at '/name'", 0},
           Case{"steps, let, selected events, answer", "POST", "/chain", R"({"name":"b"})", 200,
                R"({"id":2,"count":2,"hash":"B"})", 2},
       }) {
    SCOPED_TRACE(name);
    TestMachine machine;
    ASSERT_TRUE(machine.start(shop()));
    ASSERT_EQ(machine.call("POST", "/quiet", R"({"name":"a"})").status, 204);
    const auto response = machine.call(method, target, body);
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_THAT(response.body, HasSubstr(says));
    if (status >= 400) {
      EXPECT_EQ(response.content_type, "application/problem+json");
    }
    EXPECT_EQ(machine.bus.all("items").size(), events);
    EXPECT_EQ(header(response, "Leat-Position").empty(), events == 0);
    const auto next = machine.call("POST", "/chain", R"({"name":"z"})");  // sees what there is
    const int rows =
        status == 201 || target == std::string_view("/quiet") || target == std::string_view("/chain") ? 3 : 2;
    EXPECT_THAT(next.body, HasSubstr(fmt::format("\"id\":{},", rows)));
  }
}

// What was rejected for something that the same transaction had done must not be told so when that came to nothing.
TEST(Command, ARejectionForWhatWasNotCommittedIsTakenBack) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(shop()));
  const auto early = machine.send("PUT", "/shelf/7");  // no item yet: nothing to break
  const auto undone = machine.send("PUT", "/both/7");  // breaks a deferred constraint
  const auto rejected = machine.send("POST", "/quiet", R"({"name":"both"})");
  const auto last = machine.send("POST", "/quiet", R"({"name":"both"})");
  machine.world.run_until([&] { return early->has_value() && undone->has_value() && last->has_value(); });
  EXPECT_EQ((*early)->status, 204);
  EXPECT_EQ((*undone)->status, 409);
  ASSERT_TRUE(rejected->has_value());
  EXPECT_EQ((*rejected)->status, 204) << (*rejected)->body;
  EXPECT_EQ((*last)->status, 409);
}

TEST(Command, OnAFullDiskNobodyIsRejectedForWhatWasNotCommitted) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(shop()));
  ASSERT_EQ(machine.call("POST", "/quiet", R"({"name":"old"})").status, 204);
  machine.world.files().set_capacity(1);
  const auto before = machine.send("POST", "/quiet", R"({"name":"old"})");
  const auto undone = machine.send("POST", "/quiet", R"({"name":"new"})");
  const auto rejected = machine.send("POST", "/quiet", R"({"name":"new"})");
  machine.world.run_until([&] { return before->has_value() && undone->has_value() && rejected->has_value(); });
  EXPECT_EQ((*before)->status, 409) << "for what had been there";
  EXPECT_EQ((*undone)->status, 507);
  EXPECT_EQ((*rejected)->status, 507);
}

TEST(Command, MakesSoManyEventsAndNoMore) {
  for (const bool by_number : {true, false}) {
    TestMachine machine;
    Options options;
    if (by_number) options.command_events_max = 1;
    if (!by_number) options.command_event_bytes_max = 30;
    ASSERT_TRUE(machine.start(shop(), options));
    ASSERT_EQ(machine.call("POST", "/chain", R"({"name":"a"})").status, 200);
    const auto refused = machine.call("POST", "/chain", R"({"name":"b"})");
    EXPECT_EQ(refused.status, 413);
    EXPECT_THAT(refused.body, HasSubstr("command_events_max"));
    EXPECT_EQ(machine.bus.all("items").size(), 1u);
  }
}

// It may have survived, and queries show it: others must hear of it, also when nobody sends another command.
TEST(Command, WhatACommitOfUnknownOutcomeHasLeftIsLookedAtByItself) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    ASSERT_TRUE(machine.start(shop()));
    ASSERT_EQ(machine.call("POST", "/items", R"({"name":"a","count":1})").status, 201);
    machine.world.files().fail_next_sync();
    EXPECT_EQ(machine.call("POST", "/items", R"({"name":"b","count":1})").status, 503);
    EXPECT_FALSE(machine.health.ready());
    EXPECT_THAT(machine.status().services[0].trouble, HasSubstr("I/O error"));
    machine.world.run(100'000);
    EXPECT_TRUE(machine.health.ready());
    const auto told = machine.bus.all("items").size() - 1;
    const auto next = machine.call("POST", "/quiet", R"({"name":"b"})");
    EXPECT_EQ(next.status, told == 1 ? 409 : 204) << "the state and the bus say different things";
  }
}

// SQLite rolls back the whole transaction of a statement that is interrupted.
TEST(Command, ASlowStatementIsStoppedAndItsNeighboursAreDone) {
  auto plan = shop();
  plan.services[0].commands[1].steps.push_back(
      statement("insert into items (name) select 'slow' where 0 < (with recursive n(i) as (select 1 union all select i "
                "+ 1 from n "
                "where i < iif(:name = 'slow', 100000, 1)) select count(*) from n) and :name = 'slow'"));
  TestMachine machine;
  Options options;
  options.command_time_max = std::chrono::nanoseconds(0);
  ASSERT_TRUE(machine.start(plan, options));
  const auto before = machine.send("POST", "/quiet", R"({"name":"a"})");
  const auto rejected = machine.send("POST", "/quiet", R"({"name":"a"})");
  const auto slow = machine.send("POST", "/quiet", R"({"name":"slow"})");
  const auto after = machine.send("POST", "/quiet", R"({"name":"b"})");
  machine.world.run_until([&] { return slow->has_value() && before->has_value() && after->has_value(); });
  EXPECT_EQ((*before)->status, 204);
  ASSERT_TRUE(rejected->has_value());
  EXPECT_EQ((*rejected)->status, 409);
  EXPECT_EQ((*slow)->status, 504);
  EXPECT_THAT((*slow)->body, HasSubstr("took longer than a command may"));
  EXPECT_EQ((*after)->status, 204);
  EXPECT_EQ(machine.status().services[0].trouble, "");
}

// A password is not hashed for somebody who has been answered 504 already.
TEST(Command, ASlowFunctionIsNotComputedWhenTheTimeIsOver) {
  platform::SimWorld world(1);
  Options options;
  options.password_cost = {1, 8192};
  Lets lets(world.platform(), options);
  auto plan = std::make_shared<ServicePlan>();
  plan->commands.emplace_back().let = {{"hash", statement("select password_hash('x')")}};
  for (const bool late : {true, false}) {
    Command command;
    command.service = plan;
    command.deadline = world.platform().clock.now() + std::chrono::seconds(late ? -1 : 60);
    std::optional<int> refused, computed;
    command.reply = [&](http::Response response) { refused = response.status; };
    lets.compute(std::move(command), [&](Command done) { computed = static_cast<int>(done.let.size()); });
    world.run_until([&] { return refused || computed; });
    EXPECT_EQ(refused, late ? std::optional(503) : std::nullopt);
    EXPECT_EQ(computed, late ? std::nullopt : std::optional(1));
  }
}

TEST(Command, OneThatFailsDoesNotTakeItsNeighboursWithIt) {
  for (const char* bad : {"/items", "/late/7"}) {
    SCOPED_TRACE(bad);
    TestMachine machine;
    ASSERT_TRUE(machine.start(shop()));
    const auto before = machine.send("POST", "/quiet", R"({"name":"a"})");
    const auto failing =
        *bad == '/' && bad[1] == 'i' ? machine.send("POST", bad, R"({"name":"a"})") : machine.send("PUT", bad);
    const auto after = machine.send("POST", "/quiet", R"({"name":"b"})");
    machine.world.run_until([&] { return before->has_value() && failing->has_value() && after->has_value(); });
    EXPECT_EQ((*before)->status, 204);
    EXPECT_EQ((*failing)->status, 409);
    EXPECT_EQ((*after)->status, 204);
  }
}

TEST(Command, AnEventTellsWhereItComesFrom) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(shop()));
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  machine.call("POST", "/items", R"({"name":"a"})", {{"traceparent", trace}, {"X-Correlation-Id", "order-7"}});
  const auto events = machine.bus.all("items");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(*events[0].key, "1");
  EXPECT_EQ(*events[0].value, R"({"id":1,"name":"a"})");
  std::map<std::string, std::string> headers(events[0].headers.begin(), events[0].headers.end());
  EXPECT_EQ(headers["ce_type"], "item.sold");
  EXPECT_EQ(headers["ce_source"], "/test/shop");
  EXPECT_EQ(headers["ce_traceparent"], trace);
  EXPECT_EQ(headers["ce_correlationid"], "order-7");
  EXPECT_TRUE(Uuid::parse(headers["ce_causationid"]));
  ASSERT_TRUE(Uuid::parse(headers["ce_id"]));
  EXPECT_EQ(Uuid::parse(headers["ce_id"])->bytes[6] >> 4, 7);
}

TEST(Command, AFullDiskIs507AndLaterItWorksAgain) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(shop()));
  ASSERT_EQ(machine.call("POST", "/quiet", R"({"name":"a"})").status, 204);
  machine.world.files().set_capacity(1);
  EXPECT_EQ(machine.call("POST", "/quiet", R"({"name":"b"})").status, 507);
  machine.world.files().set_capacity(0);
  EXPECT_EQ(machine.call("POST", "/quiet", R"({"name":"b"})").status, 204);
}

TEST(Command, AFailedFlushAcknowledgesNothingAndTheStateIsOpenedAnew) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(shop()));
  ASSERT_EQ(machine.call("POST", "/quiet", R"({"name":"a"})").status, 204);
  machine.world.files().fail_next_sync();
  EXPECT_EQ(machine.call("POST", "/items", R"({"name":"b"})").status, 503);
  EXPECT_EQ(machine.call("POST", "/items", R"({"name":"c"})").status, 201);
}

TEST(Command, TooManyWaitingAre503) {
  TestMachine machine;
  Options options;
  options.commands_waiting_max = 2;
  ASSERT_TRUE(machine.start(shop(), options));
  std::vector<std::shared_ptr<std::optional<http::Response>>> answers;
  for (int i = 0; i < 4; ++i) answers.push_back(machine.send("POST", "/quiet", fmt::format(R"({{"name":"n{}"}})", i)));
  machine.world.run_until([&] { return answers[0]->has_value() && answers[1]->has_value(); });
  EXPECT_EQ((*answers[0])->status, 204);
  EXPECT_EQ((*answers[1])->status, 204);
  EXPECT_EQ((*answers[2])->status, 503);
  EXPECT_EQ(header(**answers[3], "Retry-After"), "1");
}

}  // namespace
}  // namespace leat::service
