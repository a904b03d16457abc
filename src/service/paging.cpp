#include "service/paging.h"

#include <fmt/format.h>

#include "service/base64.h"
#include "service/shape.h"

namespace leat::service {
namespace {

// {"b":"..."} is a BLOB; everything else is itself.
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
    case json::kind::object: {
      const auto* text = value.get_object().if_contains("b");
      const auto bytes = text && text->is_string() ? from_base64(text->get_string()) : std::nullopt;
      if (!bytes) return std::nullopt;
      return Blob{*bytes};
    }
    case json::kind::bool_:
    case json::kind::uint64:
    case json::kind::array:
      return std::nullopt;
  }
  LEAT_ASSERT(!"a JSON value of no kind");
}

std::optional<std::vector<Value>> read_token(std::string_view token, std::size_t columns) {
  const auto text = from_base64url(token);
  if (!text) return std::nullopt;
  const auto parsed = parse_json(*text);
  const auto* values = parsed ? parsed->if_array() : nullptr;
  if (!values || values->size() != columns) return std::nullopt;
  std::vector<Value> out;
  for (const auto& item : *values) {
    auto value = value_from(item);
    if (!value) return std::nullopt;
    out.push_back(*std::move(value));
  }
  return out;
}

}  // namespace

OrResponse<Page> read_page(const QueryPlan& plan, const QueryString& pairs) {
  Page page{plan.limit_default, {}};
  if (const auto text = find(pairs, "limit")) {
    const auto limit = parse_parameter(*text, definition::ParameterType::integer);
    const auto number = limit ? std::get<std::int64_t>(*limit) : 0;
    if (number < 1 || number > plan.limit_max)
      return std::unexpected(bad_parameter("limit", fmt::format("is not a number from 1 to {}", plan.limit_max)));
    page.limit = number;
  }
  if (const auto token = find(pairs, "after"); token && plan.next) {
    auto values = read_token(*token, plan.order_columns.size());
    if (!values) return std::unexpected(bad_parameter("after", "is not the `next` of an earlier page"));
    page.after = *std::move(values);
  }
  return page;
}

std::string page_token(const database::Statement& row, const std::vector<std::size_t>& order_columns) {
  std::string out = "[";
  for (const auto column : order_columns) {
    if (out.size() > 1) out += ',';
    const auto index = static_cast<int>(column);
    const bool blob = row.type(index) == database::Type::blob;
    if (blob) out += "{\"b\":";
    write_column(out, row, index, Encode::by_value);
    if (blob) out += '}';
  }
  out += ']';
  return to_base64url(out);
}

}  // namespace leat::service
