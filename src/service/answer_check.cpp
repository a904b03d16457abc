#include "service/answer_check.h"

#include <fmt/format.h>

#include "base/json.h"

namespace leat::service {
namespace {

http::Response broken(std::string_view why) {
  return http::problem(500, "The service made an answer that it must not give", why);
}

}  // namespace

std::optional<http::Response> broken_promise(const schema::JsonSchema* schema, std::string_view answer) {
  if (!schema) return std::nullopt;
  const auto value = parse_json(answer);
  if (!value) return broken(fmt::format("it is not JSON: {}", value.error().what));  // a column that should hold some
  const auto violations = schema->validate(*value);
  if (violations.empty()) return std::nullopt;
  const auto& [pointer, message] = violations.front();
  return broken(fmt::format("it breaks its schema at '{}': {}", pointer, message));
}

}  // namespace leat::service
