#include "service/values.h"

#include "database/scratch.h"
#include "service/test_plan.h"

namespace leat::service {
namespace {

// What SQLite makes of `value` bound as the attribute `a`: "<type>:<text>", or the error.
std::string bound(std::string_view body, bool base64 = false) {
  auto database = database::in_memory();
  auto statement = *database.prepare("select typeof(?1), case typeof(?1) when 'blob' then hex(?1) else ?1 end");
  const auto value = *parse_json(body);
  Inputs inputs;
  inputs.attributes = value.if_object();
  inputs.whole = body;
  Source source{Source::From::body, 0, "a", base64};
  if (auto done = bind_sources(statement, {source}, inputs); !done) return done.error().what;
  EXPECT_TRUE(*statement.step());
  return std::string(statement.text(0)) + ":" + std::string(statement.text(1));
}

TEST(Values, JsonBindsAsTheTypeItMeans) {
  struct Case {
    const char *body, *expected;
    bool base64 = false;
  };
  for (const auto& [body, expected, base64] : {
           Case{R"({"a":1})", "integer:1"},
           Case{R"({"a":-9223372036854775808})", "integer:-9223372036854775808"},
           Case{R"({"a":9223372036854775807})", "integer:9223372036854775807"},
           Case{R"({"a":9223372036854775808})", "a does not fit a 64-bit integer"},
           Case{R"({"a":1.5})", "real:1.5"},
           Case{R"({"a":true})", "integer:1"},
           Case{R"({"a":false})", "integer:0"},
           Case{R"({"a":"1"})", "text:1"},
           Case{R"({"a":""})", "text:"},
           Case{R"({"a":[1,"b"]})", R"(text:[1,"b"])"},
           Case{R"({"a":{"b":null}})", R"(text:{"b":null})"},
           Case{R"({"a":null})", "null:"},
           Case{R"({"b":1})", "null:"},
           Case{R"({"a":"AAE="})", "blob:0001", true},
           Case{R"({"a":"?"})", "a is not base64", true},
       }) {
    SCOPED_TRACE(body);
    EXPECT_EQ(bound(body, base64), expected);
  }
}

TEST(Values, EverySourceFindsItsValue) {
  const auto body = *parse_json(R"({"a":"attribute"})");
  const std::vector<Value> from_path{std::int64_t{7}}, from_query{2.5}, from_let{Blob{"\x01"}};
  const std::vector<StepRow> steps{{{{"id", std::int64_t{9}}}}};
  const EventFacts facts{"id-1", "2026-11-21T00:00:00.000Z", "/test/x", "k", "post.created"};
  Inputs inputs;
  inputs.path = from_path;
  inputs.query = from_query;
  inputs.let = from_let;
  inputs.steps = steps;
  inputs.attributes = body.if_object();
  inputs.whole = R"({"a":"attribute"})";
  inputs.event = &facts;
  using From = Source::From;
  struct Case {
    Source source;
    const char* expected;
  };
  for (const auto& [source, expected] : {
           Case{{From::path, 0, "", false}, "7"},
           Case{{From::path, 1, "", false}, "NULL"},
           Case{{From::query, 0, "", false}, "2.5"},
           Case{{From::body, 0, "a", false}, "attribute"},
           Case{{From::payload, 0, "a", false}, "attribute"},
           Case{{From::event, 0, "id", false}, "id-1"},
           Case{{From::event, 0, "time", false}, "2026-11-21T00:00:00.000Z"},
           Case{{From::event, 0, "source", false}, "/test/x"},
           Case{{From::event, 0, "key", false}, "k"},
           Case{{From::event, 0, "type", false}, "post.created"},
           Case{{From::step, 0, "id", false}, "9"},
           Case{{From::step, 0, "other", false}, "NULL"},
           Case{{From::step, 1, "id", false}, "NULL"},
           Case{{From::let, 0, "", false}, "\x01"},
           Case{{From::auth, 0, "sub", false}, "NULL"},
           Case{{From::whole, 0, "", false}, R"({"a":"attribute"})"},
       }) {
    SCOPED_TRACE(expected);
    auto database = database::in_memory();
    auto statement = *database.prepare("select ?1");
    ASSERT_TRUE(bind_sources(statement, {source}, inputs));
    ASSERT_TRUE(*statement.step());
    EXPECT_EQ(statement.is_null(0) ? "NULL" : std::string(statement.text(0)), expected);
  }
}

}  // namespace
}  // namespace leat::service
