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
#include "http/query_string.h"
#include "service/plan.h"
#include "service/values.h"

namespace leat::service {

template <class T = void>
using OrResponse = std::expected<T, http::Response>;

// Code::invalid with what would be right.
Result<Value> parse_parameter(std::string_view text, definition::ParameterType type);

// Values in the order of the plan; a 400 that names the parameter when one is wrong or missing.
OrResponse<std::vector<Value>> path_values(const RoutePlan&, std::span<const std::string> texts);
// `paged`: `limit` and `after` are known as well.
OrResponse<std::vector<Value>> query_values(const RoutePlan&, const http::QueryString&, bool paged = false);

http::Response bad_parameter(std::string_view name, std::string_view what);

}  // namespace leat::service
