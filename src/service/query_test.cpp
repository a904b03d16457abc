// What a query answers: paging, conditional requests, waiting for positions, honesty about staleness.
#include <gmock/gmock.h>

#include "service/base64.h"
#include "service/test_machine.h"

namespace leat::service {
namespace {

using testing::HasSubstr;

TEST(Query, PagesFollowEachOtherWithoutGapOrRepeat) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  for (const char* content : {"a", "b", "c", "d", "e"})
    ASSERT_EQ(machine.call("POST", "/api/posts", fmt::format(R"({{"content":"{}"}})", content)).status, 201);
  std::string all;
  std::string target = "/api/posts";
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = machine.call("GET", target);
    ASSERT_EQ(page.status, 200) << page.body;
    const auto parsed = parse_json(page.body)->as_object();
    for (const auto& item : parsed.at("items").as_array()) all += std::string(item.at("content").as_string()) + " ";
    all += "| ";
    if (parsed.at("next").is_null()) break;
    target = "/api/posts?after=" + std::string(parsed.at("next").as_string());
    // A row that comes in front of the page does not shift the ones behind it.
    machine.call("POST", "/api/posts", R"({"content":"new"})");
  }
  EXPECT_EQ(all, "e d | c b | a | ");
  const auto exact = machine.call("GET", "/api/posts?limit=1&after=" + to_base64url("[2]"));
  EXPECT_THAT(exact.body, HasSubstr("\"next\":null"));
}

TEST(Query, WrongParametersAreNamed) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  struct Case {
    const char *target, *parameter;
  };
  for (const auto& [target, parameter] : {
           Case{"/api/posts/x", "id"},
           Case{"/api/posts?limit=-1", "limit"},
           Case{"/api/posts?limit=4", "limit"},
           Case{"/api/posts?after=x!", "after"},
           Case{"/api/posts?lmit=1", "lmit"},
           Case{"/api/posts?limit=1&limit=2", "limit"},
           Case{"/api/posts/1?limit=1", "limit"},
       }) {
    SCOPED_TRACE(target);
    const auto response = machine.call("GET", target);
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr(fmt::format("\"parameter\":\"{}\"", parameter)));
  }
  EXPECT_EQ(machine.call("GET", "/api/posts/1").status, 404);
}

TEST(Query, AnETagHoldsUntilSomethingItDependsOnChanges) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  machine.call("POST", "/api/posts", R"({"content":"a","authorId":1})");
  auto etag = header(machine.call("GET", "/api/posts/1"), "ETag");
  ASSERT_NE(etag, "");
  auto again = [&] { return machine.call("GET", "/api/posts/1", "", {{"If-None-Match", etag}}); };
  EXPECT_EQ(again().status, 304);
  EXPECT_EQ(again().body, "");
  EXPECT_EQ(machine.call("GET", "/api/posts/1", "", {{"If-None-Match", "\"other\", " + etag}}).status, 304);
  EXPECT_EQ(machine.call("GET", "/api/posts", "", {{"If-None-Match", etag}}).status, 200) << "another target";

  machine.call("POST", "/api/posts", R"({"content":"b"})");
  EXPECT_EQ(again().status, 200) << "the state has changed";
  etag = header(again(), "ETag");
  const auto user = machine.call("POST", "/api/users", R"({"username":"ada"})");
  const auto renewed = machine.call("GET", "/api/posts/1", "",
                                    {{"If-None-Match", etag}, {"Leat-Position", header(user, "Leat-Position")}});
  EXPECT_EQ(renewed.status, 200) << "the read model has moved";
  EXPECT_THAT(renewed.body, HasSubstr("ada"));
}

TEST(Query, AStarAsksWhetherThereIsAnything) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  EXPECT_EQ(machine.call("GET", "/api/posts/1", "", {{"If-None-Match", "*"}}).status, 404);
  ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  const auto there = machine.call("GET", "/api/posts/1", "", {{"If-None-Match", "*"}});
  EXPECT_EQ(there.status, 304);
  EXPECT_EQ(there.body, "");
}

TEST(Query, AMigrationChangesTheETag) {
  SocialPlan plan;
  TestMachine machine;
  ASSERT_TRUE(machine.start(plan.system()));
  ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"a"})").status, 201);
  const auto etag = header(machine.call("GET", "/api/posts/1"), "ETag");
  auto social = plan.social();
  social.state.push_back(migration(2, "update posts set content = 'b'"));
  ASSERT_TRUE(machine.wait(
      [&](auto done) { machine.system->reload(plan.system_of({plan.identity(), social}), std::move(done)); }));
  EXPECT_EQ(machine.call("GET", "/api/posts/1", "", {{"If-None-Match", etag}}).status, 200);
}

TEST(Query, OneThatAsksTheClockHasNoETagAndIsAlwaysAnswered) {
  SocialPlan plan;
  auto social = plan.social();
  QueryPlan clock;
  clock.route = route("GET", "/api/clock");
  clock.first = statement("select now() as now");
  clock.shape = shape({"now"});
  clock.may_change_by_itself = true;
  social.queries.push_back(clock);
  TestMachine machine;
  ASSERT_TRUE(machine.start(plan.system_of({plan.identity(), social})));
  const auto first = machine.call("GET", "/api/clock");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(header(first, "ETag"), "");
  machine.world.advance(std::chrono::seconds(1));
  const auto second = machine.call("GET", "/api/clock", "", {{"If-None-Match", "*"}});
  EXPECT_EQ(second.status, 200);
  EXPECT_NE(second.body, first.body);
}

// A system whose topic of users has as many partitions as one may have, and a command that tells of a user in most.
SystemPlan many_partitions(const SocialPlan& plan) {
  auto identity = plan.identity();
  identity.topics = {topic("users", partitions_max)};
  CommandPlan crowd;
  crowd.route = route("POST", "/api/crowds");
  crowd.emit = {{plan.user_created,
                 statement("with recursive n (id) as (select 1 union all select id + 1 from n where id < 4000) "
                           "select id, 'user' || id from n",
                           {}, 2),
                 shape({"id", "username"})}};
  crowd.status = 204;
  identity.commands.push_back(crowd);
  return plan.system_of({identity, plan.social()});
}

TEST(Query, PositionsInAThousandPartitionsComeBack) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(many_partitions(SocialPlan()), {.position_bytes_max = 64 << 10}));
  const auto told = machine.call("POST", "/api/crowds");
  ASSERT_EQ(told.status, 204) << told.body;
  const auto positions = bus::parse_positions(header(told, "Leat-Position"));
  ASSERT_TRUE(positions) << positions.error().what;
  EXPECT_GT(positions->size(), 900u);
  const auto seen = machine.call("GET", "/api/authors/4000", "", {{"Leat-Position", header(told, "Leat-Position")}});
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(header(seen, "Leat-Stale"), "");
  EXPECT_TRUE(bus::parse_positions(header(seen, "Leat-Position")).has_value());
  for (const auto& service : machine.status().services)
    for (const auto& model : service.read_models) EXPECT_GT(model.positions.size(), 900u);
}

// More positions than fit into a header that proxies and clients take: a command's answer says it in one word, a
// query's says nothing.
TEST(Query, PositionsThatFitInNoHeaderAreToldByToken) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(many_partitions(SocialPlan()), {.position_bytes_max = 500}));
  const auto told = machine.call("POST", "/api/crowds");
  ASSERT_EQ(told.status, 204) << told.body;
  EXPECT_EQ(header(told, "Leat-Position"), "outbox.identity.4000");
  const auto seen = machine.call("GET", "/api/authors/4000", "", {{"Leat-Position", header(told, "Leat-Position")}});
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(header(seen, "Leat-Stale"), "");
  EXPECT_EQ(header(seen, "Leat-Position"), "");
  EXPECT_NE(header(seen, "ETag"), "");
}

TEST(Query, ReadsWhatItsPositionSaysOrSaysThatItIsStale) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  const auto user = machine.call("POST", "/api/users", R"({"username":"ada"})");
  auto ahead = bus::parse_positions(header(user, "Leat-Position")).value();
  ahead[0].next = ahead[0].next + std::int64_t{1};  // as if another one were on its way

  const auto before = machine.world.platform().clock.now();
  const auto late = machine.call("GET", "/api/authors/1", "", {{"Leat-Position", bus::to_text(ahead)}});
  EXPECT_EQ(late.status, 200);
  EXPECT_EQ(header(late, "Leat-Stale"), "true");
  EXPECT_GE(machine.world.platform().clock.now() - before, std::chrono::seconds(2));

  const auto hurried = machine.world.platform().clock.now();
  machine.call("GET", "/api/authors/1", "", {{"Leat-Position", bus::to_text(ahead)}, {"Leat-Wait", "10"}});
  EXPECT_LT(machine.world.platform().clock.now() - hurried, std::chrono::seconds(1));

  const auto shown = machine.call("GET", "/api/authors/1", "", {{"Leat-Position", header(user, "Leat-Position")}});
  EXPECT_EQ(header(shown, "Leat-Stale"), "");
  EXPECT_EQ(header(shown, "Leat-Position"), header(user, "Leat-Position"));
}

TEST(Query, APatienceThatIsNoNumberIsRefused) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  for (const char* wait : {"", "x", "12abc", "-1", "1.5", " 1", "99999999999999999999"}) {
    SCOPED_TRACE(wait);
    const auto response =
        machine.call("GET", "/api/authors/1", "", {{"Leat-Position", "outbox.identity.0"}, {"Leat-Wait", wait}});
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("Leat-Wait"));
  }
}

// Of the first user's partition, as if another event were on its way.
std::string position_ahead(TestMachine& machine) {
  const auto user = machine.call("POST", "/api/users", R"({"username":"ada"})");
  auto ahead = bus::parse_positions(header(user, "Leat-Position")).value();
  ahead[0].next = ahead[0].next + std::int64_t{1};
  return bus::to_text(ahead);
}

bus::Record second_rename(const char* data) {
  bus::Record record;
  record.headers = {
      {"ce_specversion", "1.0"}, {"ce_type", "user.updated"}, {"ce_id", "x"}, {"ce_source", "/elsewhere"}};
  record.key = "1";
  record.value = data;
  return record;
}

TEST(Query, WhoWaitsIsToldWhenTheReadModelStops) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  const auto ahead = position_ahead(machine);
  const auto partition = bus::parse_positions(ahead).value().at(0).partition.value;
  const auto before = machine.world.platform().clock.now();
  const auto slot = machine.send("GET", "/api/authors/1", "", {{"Leat-Position", ahead}, {"Leat-Wait", "30000"}});
  machine.world.advance(std::chrono::milliseconds(10));
  ASSERT_FALSE(slot->has_value());
  machine.bus.put("users", partition, second_rename(R"({"id":1,"username":null})"));
  machine.world.run_until([&] { return slot->has_value(); });
  ASSERT_TRUE(slot->has_value());
  EXPECT_LT(machine.world.platform().clock.now() - before, std::chrono::seconds(1));
  EXPECT_EQ((*slot)->status, 200);
  EXPECT_EQ(header(**slot, "Leat-Stale"), "true");
}

TEST(Query, WhoWaitsGoesOverToTheGenerationThatTakesOver) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  const auto ahead = position_ahead(machine);
  const auto partition = bus::parse_positions(ahead).value().at(0).partition.value;
  const auto slot = machine.send("GET", "/api/authors/1", "", {{"Leat-Position", ahead}, {"Leat-Wait", "30000"}});
  ASSERT_TRUE(machine.wait([&](auto done) { machine.system->rebuild("social", "authors", std::move(done)); }));
  ASSERT_FALSE(slot->has_value());
  machine.bus.put("users", partition, second_rename(R"({"id":1,"username":"ada the second"})"));
  machine.world.run_until([&] { return slot->has_value(); });
  ASSERT_TRUE(slot->has_value());
  EXPECT_EQ(header(**slot, "Leat-Stale"), "");
  EXPECT_THAT((*slot)->body, HasSubstr("ada the second"));
}

// Its files are deleted meanwhile: they take room until nobody has them open.
TEST(Query, AnIdleReaderLetsGoOfWhatIsNoLongerShown) {
  platform::SimWorld world(1);
  telemetry::Metrics metrics;
  telemetry::Health health;
  telemetry::Log log(world.platform().clock, telemetry::LogFormat::plain, telemetry::Level::error,
                     [](std::string_view) {});
  auto plan = std::make_shared<ServicePlan>();
  plan->name = "clock";
  plan->queries.emplace_back();
  plan->queries[0].route = route("GET", "/one");
  plan->queries[0].first = statement("select 1 as one", {}, 1);
  plan->queries[0].shape = shape({"one"});
  const auto timers = world.platform().executors.open("timers", 1);
  Queries queries("clock", world.platform(), *timers, telemetry::Telemetry{metrics, log, health}, Options{});
  auto before = make_view(plan, "1", "", {}, metrics), after = make_view(plan, "2", "", {}, metrics);
  queries.show(before);
  std::size_t answered = 0;
  const auto ask = [&](std::shared_ptr<const View> view) {
    QueryJob job;
    job.view = std::move(view);
    job.reply = [&](http::Response response) { answered += response.status == 200 ? 1 : 100; };
    queries.submit(std::move(job));
  };
  ask(before);
  world.run_until([&] { return answered == 1; });
  ask(before);  // was read under the old view, and is answered when the new one is there
  queries.show(after);
  const std::weak_ptr<const View> gone = std::exchange(before, nullptr);
  world.run_until([&] { return gone.expired(); });
  EXPECT_EQ(answered, 2u);
  EXPECT_TRUE(gone.expired());
}

TEST(Query, APositionThatIsNoneIsRefused) {
  TestMachine machine;
  ASSERT_TRUE(machine.start(SocialPlan().system()));
  const bus::Position elsewhere{Uuid::v4({1}), TopicId{}, PartitionIndex{0}, Epoch{0}, Offset{1}};
  struct Case {
    std::string position;
    int status;
    const char* stale;
  };
  for (const auto& [position, status, stale] : {
           Case{"nonsense", 400, ""},
           Case{"outbox.", 400, ""},
           Case{"outbox.identity.x", 400, ""},
           Case{bus::to_text({elsewhere}), 400, ""},
           Case{"outbox.nobody.1", 404, "true"},
           Case{"outbox.identity.9", 404, "true"},
           Case{"outbox.identity.0", 404, ""},
       }) {
    SCOPED_TRACE(position);
    const auto response = machine.call("GET", "/api/authors/1", "", {{"Leat-Position", position}});
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(header(response, "Leat-Stale"), stale);
  }
}

TEST(Query, AnAnswerHasALargestSize) {
  TestMachine machine;
  Options options;
  options.answer_bytes_max = 100;
  ASSERT_TRUE(machine.start(SocialPlan().system(), options));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(machine.call("POST", "/api/posts", R"({"content":"abcdefghij"})").status, 201);
  const auto refused = machine.call("GET", "/api/posts");
  EXPECT_EQ(refused.status, 413);
  EXPECT_THAT(refused.body, HasSubstr("answer_bytes_max"));
  EXPECT_EQ(machine.call("GET", "/api/posts?limit=1").status, 200);
  EXPECT_EQ(machine.call("GET", "/api/posts/1").status, 200);
}

TEST(Query, OneThatTakesTooLongIsEndedAndOthersGoOn) {
  SocialPlan plan;
  auto social = plan.social();
  QueryPlan endless;
  endless.route = route("GET", "/api/endless");
  endless.first = statement("with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n");
  endless.shape = shape({"i"});
  endless.read_models = {"authors"};
  social.queries.push_back(endless);
  TestMachine machine;
  Options options;
  options.query_threads = 1;
  options.query_time_max = std::chrono::nanoseconds(0);
  ASSERT_TRUE(machine.start(plan.system_of({plan.identity(), social}), options));
  const auto ends = [&] { return machine.call("GET", "/api/endless").status; };
  EXPECT_EQ(ends(), http::status_of(Code::timeout));
  EXPECT_EQ(machine.call("GET", "/api/authors/1").status, 404);

  // Both run on the same connection, which is kept: what was opened goes on, and nothing could be opened here any more.
  auto& files = machine.world.files();
  ASSERT_TRUE(files.rename("data/social/read_models/authors", "data/elsewhere"));
  EXPECT_EQ(ends(), http::status_of(Code::timeout));
  EXPECT_EQ(machine.call("GET", "/api/authors/1").status, 404);
  ASSERT_TRUE(files.rename("data/elsewhere", "data/social/read_models/authors"));
}

TEST(Query, TooManyWaitingAre503) {
  TestMachine machine;
  Options options;
  options.queries_waiting_max = 1;
  ASSERT_TRUE(machine.start(SocialPlan().system(), options));
  std::vector<std::shared_ptr<std::optional<http::Response>>> answers;
  for (int i = 0; i < 3; ++i) answers.push_back(machine.send("GET", "/api/authors/1"));
  machine.world.run_until([&] { return answers[0]->has_value(); });
  EXPECT_EQ((*answers[0])->status, 404);
  EXPECT_EQ((*answers[2])->status, 503);
  EXPECT_EQ(header(**answers[2], "Retry-After"), "1");
}

}  // namespace
}  // namespace leat::service
