// A client that does not know what became of its request sends it again, with the same key.
#include <algorithm>

#include <gmock/gmock.h>

#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;
using testing::Not;

// A till that takes every payment it is told of: done twice, it shows.
SystemPlan till() {
  const auto paid = event_plan("sum.paid", "till", "payments",
                               R"({"type":"object","required":["id"],"properties":{"id":{"type":"integer"},
                                   "sum":{"type":"integer","maximum":1000}}})");
  ServicePlan service;
  service.name = "till";
  service.topics = {topic("payments", 2)};
  service.state = {migration(1,
                             "create table payments (id integer primary key autoincrement, sum integer not null "
                             "check (sum > 0), debt integer references debts (id) deferrable initially deferred);"
                             "create table debts (id integer primary key)")};
  CommandPlan pay;
  pay.route = route("POST", "/payments");
  pay.body = json_schema(R"({"type":"object","properties":{"sum":{"type":"integer"},"debt":{"type":"integer"}}})");
  pay.require = {{403, "too much", statement("select 1 where :sum < 500 or :sum > 2000")}};
  pay.steps = {statement("insert into payments (sum, debt) values (:sum, :debt) returning id, sum", {}, 2)};
  pay.emit = {{paid, std::nullopt, shape({"id", "sum"})}};
  pay.shape = shape({"id", "sum"});
  pay.shows_last_step = true;
  pay.status = 201;

  CommandPlan quiet = pay;  // tells nobody, and takes its time
  quiet.route = route("POST", "/quiet");
  quiet.emit.clear();
  quiet.let = {{"hash", statement("select upper('x')")}};

  CommandPlan owe;
  owe.route = route("PUT", "/debts/{id:integer}");
  owe.steps = {statement("insert into debts values (:id)", {{"id", path(0)}})};
  owe.status = 204;

  QueryPlan all;
  all.route = route("GET", "/sum");
  all.first = statement("select count(*), sum(sum) from payments", {}, 2);
  all.shape = shape({"count", "sum"});
  all.uses_state = true;

  service.commands = {pay, quiet, owe};
  service.queries = {all};
  SystemPlan out;
  out.name = "test";
  out.topics.emplace("payments", service.topics[0]);
  out.events.emplace("sum.paid", paid);
  out.services = {service};
  return out;
}

struct Shop : TestMachine {
  explicit Shop(Options given = {}) : options(std::move(given)) { EXPECT_TRUE(start(till(), options)); }
  http::Response pay(const std::string& key, const std::string& body, const std::string& path = "/payments") {
    return call("POST", path, body, {{"Idempotency-Key", key}});
  }
  void again(bool power_cut) {
    power_cut ? crash() : off();
    if (!power_cut) bus.power_on(world.platform());
    ASSERT_TRUE(start(till(), options));
  }
  std::string sum() { return call("GET", "/sum").body; }
  double metric(const char* name) {
    const auto text = metrics.render();
    const auto line = text.find(std::string("\n") + name + "{service=\"till\"} ");
    return line == std::string::npos ? -1 : std::stod(text.substr(text.find("} ", line) + 2));
  }
  Options options;
};

void expect_replayed(const http::Response& first, const http::Response& second) {
  EXPECT_EQ(second.status, first.status);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.content_type, first.content_type);
  EXPECT_EQ(header(second, "Leat-Position").empty(), header(first, "Leat-Position").empty());
  EXPECT_EQ(header(first, "Idempotent-Replayed"), "");
  EXPECT_EQ(header(second, "Idempotent-Replayed"), "true");
}

TEST(KeyedCommand, WhatWasDecidedIsAnsweredSoAgain) {
  struct Case {
    const char *name, *path, *body;
    int status;
    const char* sum;
  };
  for (const auto& [name, path, body, status, sum] : {
           Case{"done, with an event", "/payments", R"({"sum":5})", 201, R"({"count":1,"sum":5})"},
           Case{"done, without", "/quiet", R"({"sum":5})", 201, R"({"count":1,"sum":5})"},
           Case{"a requirement", "/payments", R"({"sum":600})", 403, R"({"count":0,"sum":null})"},
           Case{"a constraint", "/payments", R"({"sum":-5})", 422, R"({"count":0,"sum":null})"},
           Case{"a constraint of the commit", "/payments", R"({"sum":5,"debt":1})", 409, R"({"count":0,"sum":null})"},
       }) {
    for (const bool power_cut : {false, true}) {
      SCOPED_TRACE(fmt::format("{}, {}", name, power_cut ? "power cut" : "the same life"));
      Shop shop;
      const auto first = shop.pay("k", body, path);
      EXPECT_EQ(first.status, status) << first.body;
      if (power_cut) shop.again(true);
      // What stood against it is gone, or would be: the answer stays.
      EXPECT_EQ(shop.call("PUT", "/debts/1").status, 204);
      expect_replayed(first, shop.pay("k", body, path));
      expect_replayed(first, shop.pay("\"k\"", body, path));
      EXPECT_EQ(shop.sum(), sum);
      EXPECT_EQ(shop.bus.all("payments").size(), status == 201 && path == std::string_view("/payments") ? 1u : 0u);
      EXPECT_EQ(shop.metric("leat_answers_replayed_total"), 2);
      EXPECT_EQ(shop.metric("leat_answers_held"), 1);
    }
  }
}

TEST(KeyedCommand, WhatWasNotDecidedIsTriedAgain) {
  struct Case {
    const char *name, *body;
    int status;
    void (*trouble)(TestMachine&);
    void (*cure)(TestMachine&);
    int then;
  };
  const auto nothing = [](TestMachine&) {};
  for (const auto& [name, body, status, trouble, cure, then] : {
           Case{"a full disk", R"({"sum":5})", 507, [](TestMachine& m) { m.world.files().set_capacity(1); },
                [](TestMachine& m) { m.world.files().set_capacity(0); }, 201},
           Case{"a failed flush", R"({"sum":5})", 503, [](TestMachine& m) { m.world.files().fail_next_sync(); },
                nothing, 201},
           Case{"the body's form", R"({"sum":"5"})", 422, nothing, nothing, 422},
           Case{"a mistake of the service", R"({"sum":3000})", 500, nothing, nothing, 500},
       }) {
    SCOPED_TRACE(name);
    Shop shop;
    trouble(shop);
    EXPECT_EQ(shop.pay("k", body).status, status);
    cure(shop);
    const auto second = shop.pay("k", body);
    EXPECT_EQ(second.status, then) << second.body;
    // A flush that failed may have brought it to the disk all the same; then it is told of that one.
    EXPECT_THAT(shop.sum(), HasSubstr(then == 201 ? R"("count":1,)" : R"("count":0,)"));
    EXPECT_EQ(shop.metric("leat_answers_held"), then == 201 ? 1 : 0);
  }
}

TEST(KeyedCommand, AKeyBelongsToOneRequest) {
  Shop shop;
  ASSERT_EQ(shop.pay("k", R"({"sum":5})").status, 201);
  const auto other = shop.pay("k", R"({"sum":6})");
  EXPECT_EQ(other.status, 422);
  EXPECT_THAT(other.body, HasSubstr("belongs to another request"));
  EXPECT_EQ(shop.pay("k", R"({"sum":6})", "/quiet").status, 201) << "of another route it is another key";
  EXPECT_EQ(shop.pay("k2", R"({"sum":6})").status, 201);
  EXPECT_EQ(shop.sum(), R"({"count":3,"sum":17})");
}

TEST(KeyedCommand, WhileTheFirstRunsTheSecondIsToldToWait) {
  for (const char* path : {"/payments", "/quiet"}) {
    SCOPED_TRACE(path);
    Shop shop;
    const HeaderList key = {{"Idempotency-Key", "k"}};
    const auto first = shop.send("POST", path, R"({"sum":5})", key);
    const auto second = shop.send("POST", path, R"({"sum":5})", key);
    const auto other = shop.send("POST", path, R"({"sum":6})", key);
    ASSERT_TRUE(second->has_value() && other->has_value());
    EXPECT_EQ((*second)->status, 409);
    EXPECT_EQ(header(**second, "Retry-After"), "1");
    EXPECT_EQ((*other)->status, 422);
    shop.world.run_until([&] { return first->has_value(); });
    expect_replayed(**first, shop.pay("k", R"({"sum":5})", path));
  }
}

// The first answer waits for the bus; the second has no reason to.
TEST(KeyedCommand, WhileItsEventsAreOnTheirWayATokenSaysWhereToLook) {
  Shop shop;
  shop.bus.refuse_publishing(true);
  const auto first = shop.send("POST", "/payments", R"({"sum":5})", {{"Idempotency-Key", "k"}});
  shop.world.run_until([&] { return shop.status().services[0].outbox_waiting == 1; });
  ASSERT_FALSE(first->has_value());
  const auto second = shop.pay("k", R"({"sum":5})");
  EXPECT_EQ(header(second, "Leat-Position"), "outbox.till.1");
  EXPECT_EQ(header(second, "Idempotent-Replayed"), "true");
  shop.bus.refuse_publishing(false);
  shop.world.run_until([&] { return first->has_value(); });
  EXPECT_THAT(header(**first, "Leat-Position"), Not(HasSubstr("outbox")));
  EXPECT_THAT(header(shop.pay("k", R"({"sum":5})"), "Leat-Position"), Not(HasSubstr("outbox")));
}

// While an edit is prepared commands wait; then they meet a plan that may not have them any more.
TEST(KeyedCommand, ARepeatThatWaitedForAnEditIsAnsweredAlthoughItsCommandIsGone) {
  auto both = till();
  std::ranges::swap(both.services[0].commands.front(), both.services[0].commands.back());
  auto without = both;
  without.services[0].commands.resize(1);
  without.hash = "edited";
  int waited = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    TestMachine machine(seed);
    ASSERT_TRUE(machine.start(both));
    const HeaderList key = {{"Idempotency-Key", "k"}};
    const auto first = machine.call("POST", "/payments", R"({"sum":5})", key);
    std::optional<Result<>> changed;
    machine.system->reload(without, [&](Result<> result) { changed = std::move(result); });
    machine.world.run_until([&] { return changed.has_value(); }, seed);
    const auto routes = machine.system->routes();
    if (std::ranges::none_of(routes, [](const auto& one) { return one.path == "/payments"; })) continue;
    const bool early = !changed;
    const auto second = machine.call("POST", "/payments", R"({"sum":5})", key);
    const bool came_too_late = second.status == 404;  // the service had the new plan already
    if (!came_too_late) expect_replayed(first, second);
    machine.world.run_until([&] { return changed.has_value(); });
    EXPECT_TRUE(changed && *changed);
    waited += early && !came_too_late;
  }
  EXPECT_GT(waited, 0);
}

TEST(KeyedCommand, AnswersAreKeptForADay) {
  Shop shop;
  ASSERT_EQ(shop.pay("old", R"({"sum":5})").status, 201);
  shop.world.advance(std::chrono::hours(23));
  EXPECT_EQ(header(shop.pay("old", R"({"sum":5})"), "Idempotent-Replayed"), "true");
  ASSERT_EQ(shop.pay("young", R"({"sum":5})").status, 201);
  shop.world.advance(std::chrono::hours(2));
  ASSERT_EQ(shop.call("POST", "/payments", R"({"sum":5})").status, 201) << "any command takes the old ones along";
  EXPECT_EQ(shop.metric("leat_answers_held"), 1);
  EXPECT_EQ(header(shop.pay("young", R"({"sum":5})"), "Idempotent-Replayed"), "true");
  EXPECT_EQ(header(shop.pay("old", R"({"sum":5})"), "Idempotent-Replayed"), "");
  EXPECT_EQ(shop.metric("leat_answers_forgotten_early_total"), 0);
}

TEST(KeyedCommand, NoMoreAreKeptThanTheLimit) {
  Options options;
  options.answers.count_max = 10;
  Shop shop(options);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(shop.pay(fmt::format("k{}", i), R"({"sum":5})").status, 201);
  EXPECT_EQ(shop.metric("leat_answers_held"), 10);
  EXPECT_EQ(shop.metric("leat_answers_forgotten_early_total"), 40);
  shop.again(false);
  EXPECT_EQ(shop.metric("leat_answers_held"), 10);
  EXPECT_EQ(header(shop.pay("k49", R"({"sum":5})"), "Idempotent-Replayed"), "true");
}

}  // namespace
}  // namespace leat::service
