#include "service/paging.h"

#include <limits>

#include "database/scratch.h"
#include "http/query_string.h"
#include "service/test_plan.h"

namespace leat::service {
namespace {

QueryPlan by_one_column(OrderFacts::Holds holds) {
  QueryPlan plan;
  plan.many = true;
  plan.limit_default = plan.limit_max = 10;
  plan.next.emplace();
  plan.order_columns = {0};
  plan.order_facts = {{holds, true}};
  return plan;
}

// What the token of the row `select` gives says when it comes back.
std::optional<Value> there_and_back(const std::string& select, const QueryPlan& plan) {
  auto database = database::in_memory();
  auto statement = *database.prepare(select);
  EXPECT_TRUE(*statement.step());
  const auto pairs = http::QueryString::parse("after=" + page_token(statement, plan));
  const auto page = read_page(plan, *pairs);
  if (!page || page->after.size() != 1) return std::nullopt;
  return page->after.front();
}

// A page that began behind another value would repeat rows, or leave some out.
TEST(Paging, ATokenBringsBackTheVeryValue) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto& [select, value] : {
           std::pair<const char*, Value>{"select 9e999", infinity},
           {"select -9e999", -infinity},
           {"select 1.5", 1.5},
           {"select null", Value{}},
           {"select 7", std::int64_t{7}},
           {"select 'inf'", std::string("inf")},
           {"select '{\"r\":\"inf\"}'", std::string(R"({"r":"inf"})")},
           {"select x'00ff'", Blob{std::string("\0\xff", 2)}},
       }) {
    SCOPED_TRACE(select);
    EXPECT_EQ(there_and_back(select, by_one_column(OrderFacts::Holds::numbers)), value);
    EXPECT_EQ(there_and_back(select, by_one_column(OrderFacts::Holds::anything)), value);
  }
}

}  // namespace
}  // namespace leat::service
