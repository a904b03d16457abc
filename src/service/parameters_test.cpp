#include "service/parameters.h"

#include "database/scratch.h"
#include "service/base64.h"
#include "service/paging.h"
#include "service/test_plan.h"

namespace leat::service {
namespace {

using definition::ParameterType;

std::string shown(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("integer {}", *number);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("number {}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return "text " + *text;
  return "null";
}

http::QueryString asked(std::string_view name, std::string_view value) {
  return http::QueryString::parse(fmt::format("{}={}", name, value)).value();
}

TEST(Parameters, TextBecomesWhatTheRouteSaysOrIsRefused) {
  struct Case {
    ParameterType type;
    const char *text, *expected;
  };
  for (const auto& [type, text, expected] : {
           Case{ParameterType::text, "", "text "},
           Case{ParameterType::integer, "42", "integer 42"},
           Case{ParameterType::integer, "-1", "integer -1"},
           Case{ParameterType::integer, "4x", "is not a 64-bit integer"},
           Case{ParameterType::integer, "", "is not a 64-bit integer"},
           Case{ParameterType::integer, "1.0", "is not a 64-bit integer"},
           Case{ParameterType::integer, "9223372036854775808", "is not a 64-bit integer"},
           Case{ParameterType::number, "2.5", "number 2.5"},
           Case{ParameterType::number, "inf", "is not a number"},
           Case{ParameterType::boolean, "true", "integer 1"},
           Case{ParameterType::boolean, "1", "is neither true nor false"},
       }) {
    SCOPED_TRACE(text);
    const auto value = parse_parameter(text, type);
    EXPECT_EQ(value ? shown(*value) : value.error().what, expected);
  }
}

TEST(Parameters, MissingOnesFallBackOrAreNamed) {
  auto plan = route("GET", "/x");
  plan.query_parameters = {{"a", ParameterType::integer, json::value(7), false},
                           {"b", ParameterType::text, std::nullopt, false},
                           {"c", ParameterType::text, std::nullopt, true}};
  const auto values = query_values(plan, asked("c", "here"));
  ASSERT_TRUE(values);
  EXPECT_EQ(shown((*values)[0]), "integer 7");
  EXPECT_EQ(shown((*values)[1]), "null");
  EXPECT_EQ(shown((*values)[2]), "text here");
  const auto missing = query_values(plan, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().status, 400);
  EXPECT_NE(missing.error().body.find("\"parameter\":\"c\""), std::string::npos);
}

TEST(Paging, ATokenBringsBackTheOrderValues) {
  auto database = database::in_memory();
  auto row = *database.prepare("select 5, 'a\"b', null, 2.5, x'00ff'");
  ASSERT_TRUE(*row.step());
  QueryPlan plan;
  plan.many = true;
  plan.next = statement("select 1");
  plan.order_columns = {0, 1, 2, 3, 4};
  const auto page = read_page(plan, asked("after", page_token(row, plan)));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->after,
            (std::vector<Value>{std::int64_t{5}, std::string("a\"b"), Value{}, 2.5, Blob{std::string("\0\xff", 2)}}));
}

// SQLite would compare any value with any other, and show a page that nobody can explain.
TEST(Paging, ATokenWithValuesThatItsColumnsCannotHoldIsRefused) {
  using Holds = OrderFacts::Holds;
  struct Case {
    OrderFacts facts;
    const char* value;
    bool taken;
  };
  for (const auto& [facts, value, taken] : {
           Case{{Holds::integers, true}, "5", true},
           Case{{Holds::integers, true}, "null", true},
           Case{{Holds::integers, false}, "null", false},
           Case{{Holds::integers, true}, "\"5\"", false},
           Case{{Holds::integers, true}, "5.5", false},
           Case{{Holds::integers, true}, R"({"b":"AA=="})", false},
           Case{{Holds::integers, true}, R"({"v":"x"})", true},
           Case{{Holds::integers, true}, R"({"v":5})", false},
           Case{{Holds::integers, true}, R"({"v":{"v":"x"}})", false},
           Case{{Holds::numbers, true}, "2.5", true},
           Case{{Holds::numbers, true}, "2", true},
           Case{{Holds::numbers, true}, "\"2\"", false},
           Case{{Holds::text, true}, "\"x\"", true},
           Case{{Holds::text, true}, "2", false},
           Case{{Holds::anything, true}, "\"x\"", true},
           Case{{Holds::anything, true}, "2", true},
       }) {
    SCOPED_TRACE(value);
    QueryPlan plan;
    plan.many = true;
    plan.next = statement("select 1");
    plan.order_columns = {0};
    plan.order_facts = {facts};
    const auto page = read_page(plan, asked("after", to_base64url(fmt::format("[{}]", value))));
    EXPECT_EQ(page.has_value(), taken);
    if (page) continue;
    EXPECT_NE(page.error().body.find("\"parameter\":\"after\""), std::string::npos);
  }
}

// A column that is not STRICT may hold what it is not declared to hold: its pages go on all the same.
TEST(Paging, ARowThatBreaksItsDeclarationStillGivesATokenThatIsTaken) {
  auto database = database::in_memory();
  auto row = *database.prepare("select 'odd', x'00', 7");
  ASSERT_TRUE(*row.step());
  QueryPlan plan;
  plan.many = true;
  plan.next = statement("select 1");
  plan.order_columns = {0, 1, 2};
  plan.order_facts = {{OrderFacts::Holds::integers}, {OrderFacts::Holds::integers}, {OrderFacts::Holds::integers}};
  const auto page = read_page(plan, asked("after", page_token(row, plan)));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->after, (std::vector<Value>{std::string("odd"), Blob{std::string("\0", 1)}, std::int64_t{7}}));
}

TEST(Paging, WhatIsNotATokenOrALimitIsRefused) {
  QueryPlan plan;
  plan.many = true;
  plan.limit_max = 10;
  plan.next = statement("select 1");
  plan.order_columns = {0};
  struct Case {
    const char* name;
    std::string value;
  };
  for (const auto& [name, value] : {
           Case{"limit", "0"},
           Case{"limit", "-1"},
           Case{"limit", "11"},
           Case{"limit", "x"},
           Case{"limit", ""},
           Case{"after", "?"},
           Case{"after", to_base64url("5")},
           Case{"after", to_base64url("[]")},
           Case{"after", to_base64url("[1,2]")},
           Case{"after", to_base64url("[true]")},
           Case{"after", to_base64url("[{\"b\":1}]")},
           Case{"after", to_base64url("[1")},
           Case{"after", to_base64url("[18446744073709551615]")},
           Case{"after", to_base64url(std::string(40, '[') + std::string(40, ']'))},
           Case{"after", to_base64url("[{\"b\":" + std::string(40, '[') + std::string(40, ']') + "}]")},
           Case{"after", to_base64url("[\"" + std::string(10'000, 'x') + "\"]")},
           Case{"after", to_base64url("[\"\xff\"]")},
           Case{"after", to_base64url("[1]") + "="},
           Case{"after", ""},
       }) {
    SCOPED_TRACE(value.substr(0, 80));
    const auto page = read_page(plan, asked(name, value));
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().status, 400);
    EXPECT_NE(page.error().body.find(fmt::format("\"parameter\":\"{}\"", name)), std::string::npos);
  }
}

}  // namespace
}  // namespace leat::service
