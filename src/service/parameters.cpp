#include "service/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace leat::service {
namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Value fallback_value(const json::value& value) {
  switch (value.kind()) {
    case json::kind::bool_:
      return std::int64_t{value.get_bool()};
    case json::kind::int64:
      return value.get_int64();
    case json::kind::uint64:
      return static_cast<double>(value.get_uint64());
    case json::kind::double_:
      return value.get_double();
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::null:
    case json::kind::array:
    case json::kind::object:
      return std::monostate{};
  }
  LEAT_ASSERT(!"a JSON value of no kind");
}

}  // namespace

Result<Value> parse_parameter(std::string_view text, definition::ParameterType type) {
  switch (type) {
    case definition::ParameterType::text:
      return std::string(text);
    case definition::ParameterType::integer:
      if (const auto number = parse_number<std::int64_t>(text)) return *number;
      return fail(Code::invalid, "is not a 64-bit integer");
    case definition::ParameterType::number:
      if (const auto number = parse_number<double>(text); number && std::isfinite(*number)) return *number;
      return fail(Code::invalid, "is not a number");
    case definition::ParameterType::boolean:
      if (text == "true") return std::int64_t{1};
      if (text == "false") return std::int64_t{0};
      return fail(Code::invalid, "is neither true nor false");
  }
  LEAT_ASSERT(!"a parameter of no type");
}

http::Response bad_parameter(std::string_view name, std::string_view what) {
  std::string extra = "\"parameter\":";
  append_json_string(extra, name);
  return http::problem(400, "A parameter is wrong", fmt::format("{} {}", name, what), extra);
}

OrResponse<std::vector<Value>> path_values(const RoutePlan& route, std::span<const std::string> texts) {
  LEAT_ASSERT(texts.size() == route.path_parameters.size());
  std::vector<Value> out;
  out.reserve(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto& plan = route.path_parameters[i];
    if (!is_utf8(texts[i])) return std::unexpected(bad_parameter(plan.name, "is not UTF-8"));
    auto value = parse_parameter(texts[i], plan.type);
    if (!value) return std::unexpected(bad_parameter(plan.name, value.error().what));
    out.push_back(*std::move(value));
  }
  return out;
}

namespace {

// A name that is spelt wrong must not look like one that was left out.
OrResponse<> all_known(const RoutePlan& route, const http::QueryString& pairs, bool paged) {
  std::vector<std::string_view> known;
  for (const auto& plan : route.query_parameters) known.push_back(plan.name);
  if (paged) known.insert(known.end(), {"limit", "after"});
  for (const auto& [name, value] : pairs.all())
    if (std::ranges::find(known, name) == known.end())
      return std::unexpected(
          bad_parameter(name, known.empty() ? "is not known; there are no query parameters here"
                                            : fmt::format("is not known; there are: {}", fmt::join(known, ", "))));
  if (const auto name = pairs.repeated()) return std::unexpected(bad_parameter(*name, "is given twice"));
  return {};
}

}  // namespace

OrResponse<std::vector<Value>> query_values(const RoutePlan& route, const http::QueryString& pairs, bool paged) {
  if (auto known = all_known(route, pairs, paged); !known) return std::unexpected(std::move(known).error());
  std::vector<Value> out;
  out.reserve(route.query_parameters.size());
  for (const auto& plan : route.query_parameters) {
    const auto text = pairs.get(plan.name);
    if (!text) {
      if (plan.required) return std::unexpected(bad_parameter(plan.name, "is missing"));
      out.push_back(plan.fallback ? fallback_value(*plan.fallback) : Value{});
      continue;
    }
    auto value = parse_parameter(*text, plan.type);
    if (!value) return std::unexpected(bad_parameter(plan.name, value.error().what));
    out.push_back(*std::move(value));
  }
  return out;
}

}  // namespace leat::service
