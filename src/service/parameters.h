// service/parameters.h — path and query parameters: text from the request line into typed values.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http.h"
#include "service/plan.h"
#include "service/values.h"

namespace leat::service {

template <class T = void>
using OrResponse = std::expected<T, http::Response>;

// Code::invalid with what would be right.
Result<Value> parse_parameter(std::string_view text, definition::ParameterType type);

using QueryString = std::vector<std::pair<std::string, std::string>>;

// The decoded pairs after the question mark. Code::invalid for a broken escape or text that is not UTF-8.
Result<QueryString> parse_query_string(std::string_view target);
std::optional<std::string_view> find(const QueryString&, std::string_view name);

// Values in the order of the plan; a 400 that names the parameter when one is wrong or missing.
OrResponse<std::vector<Value>> path_values(const RoutePlan&, std::span<const std::string> texts);
// `paged`: `limit` and `after` are known as well.
OrResponse<std::vector<Value>> query_values(const RoutePlan&, const QueryString&, bool paged = false);

http::Response bad_parameter(std::string_view name, std::string_view what);

}  // namespace leat::service
