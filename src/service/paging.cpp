#include "service/paging.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "service/base64.h"
#include "service/shape.h"

namespace leat::service {
namespace {

constexpr std::size_t token_bytes_max = 8 << 10;  // as long as a request's target may be

bool fits(const OrderFacts& facts, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return facts.null;
  switch (facts.holds) {
    case OrderFacts::Holds::anything:
      return true;
    case OrderFacts::Holds::integers:
      return std::holds_alternative<std::int64_t>(value);
    case OrderFacts::Holds::numbers:
      return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
    case OrderFacts::Holds::text:
      return std::holds_alternative<std::string>(value);
  }
  LEAT_ASSERT(!"facts of no kind");
}

// What JSON has no number for.
std::optional<Value> infinity_from(const json::value& text) {
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::optional<Value> object_from(const json::object& object) {
  if (const auto* infinity = object.if_contains("r")) return infinity_from(*infinity);
  const auto* text = object.if_contains("b");
  const auto bytes = text && text->is_string() ? from_base64(text->get_string()) : std::nullopt;
  if (!bytes) return std::nullopt;
  return Blob{*bytes};
}

std::optional<Value> value_from(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return Value{};
    case json::kind::int64:
      return value.get_int64();
    case json::kind::double_:
      return value.get_double();
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::object:
      return object_from(value.get_object());
    case json::kind::bool_:
    case json::kind::uint64:
    case json::kind::array:
      return std::nullopt;
  }
  LEAT_ASSERT(!"a JSON value of no kind");
}

// Text where the column is an integer comes from no page, but from somebody who made it up: SQLite would compare it
// and show a page that nobody can explain.
std::optional<Value> value_from(const json::value& item, const OrderFacts& facts) {
  const auto* object = item.if_object();
  const auto* odd = object ? object->if_contains("v") : nullptr;
  auto value = value_from(odd ? *odd : item);
  if (!value || fits(facts, *value) == (odd != nullptr)) return std::nullopt;
  return value;
}

OrderFacts facts_of(const QueryPlan& plan, std::size_t column) {
  return column < plan.order_facts.size() ? plan.order_facts[column] : OrderFacts{};
}

std::optional<std::vector<Value>> read_token(std::string_view token, const QueryPlan& plan) {
  if (token.size() > token_bytes_max) return std::nullopt;
  const auto text = from_base64url(token);
  if (!text) return std::nullopt;
  const auto parsed = parse_json(*text);
  const auto* values = parsed ? parsed->if_array() : nullptr;
  if (!values || values->size() != plan.order_columns.size()) return std::nullopt;
  std::vector<Value> out;
  for (std::size_t i = 0; i < values->size(); ++i) {
    auto value = value_from((*values)[i], facts_of(plan, i));
    if (!value) return std::nullopt;
    out.push_back(*std::move(value));
  }
  return out;
}

void write_order_value(std::string& out, const database::Statement& row, int column, const OrderFacts& facts) {
  const bool odd = !fits(facts, column_value(row, column));
  const bool blob = row.type(column) == database::Type::blob;
  if (odd) out += "{\"v\":";
  if (blob) out += "{\"b\":";
  if (row.type(column) == database::Type::real && std::isinf(row.real(column)))
    out += row.real(column) > 0 ? R"({"r":"inf"})" : R"({"r":"-inf"})";
  else
    write_column(out, row, column, Encode::by_value);
  if (blob) out += '}';
  if (odd) out += '}';
}

}  // namespace

OrResponse<Page> read_page(const QueryPlan& plan, const http::QueryString& pairs) {
  Page page{plan.limit_default, {}};
  if (const auto text = pairs.get("limit")) {
    const auto limit = parse_parameter(*text, definition::ParameterType::integer);
    const auto number = limit ? std::get<std::int64_t>(*limit) : 0;
    if (number < 1 || number > plan.limit_max)
      return std::unexpected(bad_parameter("limit", fmt::format("is not a number from 1 to {}", plan.limit_max)));
    page.limit = number;
  }
  if (const auto token = pairs.get("after"); token && plan.next) {
    auto values = read_token(*token, plan);
    if (!values) return std::unexpected(bad_parameter("after", "is not the `next` of an earlier page"));
    page.after = *std::move(values);
  }
  return page;
}

std::string page_token(const database::Statement& row, const QueryPlan& plan) {
  std::string out = "[";
  for (std::size_t i = 0; i < plan.order_columns.size(); ++i) {
    if (i > 0) out += ',';
    write_order_value(out, row, static_cast<int>(plan.order_columns[i]), facts_of(plan, i));
  }
  out += ']';
  return to_base64url(out);
}

}  // namespace leat::service
