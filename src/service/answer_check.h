// service/answer_check.h — an answer, held against the schema that its service promised.
#pragma once

#include <optional>
#include <string_view>

#include "http/http.h"
#include "schema/json_schema.h"

namespace leat::service {

// The 500 to be given instead of an answer that breaks its schema; nothing when it fits, or without a schema.
std::optional<http::Response> broken_promise(const schema::JsonSchema*, std::string_view answer);

}  // namespace leat::service
