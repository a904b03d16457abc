#include "service/command.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/trace_context.h"
#include "event/event.h"

namespace leat::service {
namespace {

constexpr std::size_t correlation_bytes_max = 128;

http::Response violates(const std::vector<schema::Violation>& violations) {
  std::string extra = "\"errors\":[";
  for (const auto& [pointer, message] : violations) {
    if (extra.back() == '}') extra += ',';
    extra += "{\"pointer\":";
    append_json_string(extra, pointer);
    extra += ",\"detail\":";
    append_json_string(extra, message);
    extra += '}';
  }
  extra += ']';
  const auto& first = violations.front();
  return http::problem(422, "The body does not fit its schema",
                       fmt::format("{}: {}", first.pointer.empty() ? "the body" : first.pointer, first.message), extra);
}

// application/json and whatever ends with +json; parameters do not matter. A web page cannot make a browser send these
// to another site unasked, which it can with every type that is refused here.
bool is_json(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  constexpr std::string_view application = "application/", suffix = "+json";
  if (type.size() <= application.size() + suffix.size() && !http::same_name(type, "application/json")) return false;
  return http::same_name(type, "application/json") ||
         (http::same_name(type.substr(0, application.size()), application) &&
          http::same_name(type.substr(type.size() - suffix.size()), suffix));
}

http::Response not_json(std::string_view content_type) {
  return http::problem(
      415, "The body is not JSON",
      fmt::format("Content-Type is {}; it must be application/json", content_type.empty() ? "missing" : content_type));
}

OrResponse<> read_body(Command& command, const schema::JsonSchema* schema, http::Request& request) {
  if (!schema) {
    if (request.body.empty()) return {};
    return std::unexpected(http::problem(400, "No body is expected", "this request takes no body"));
  }
  if (request.body.empty())
    return std::unexpected(http::problem(400, "The body is missing", "this request takes a body of application/json"));
  const auto content_type = request.headers.get("Content-Type").value_or("");
  if (!is_json(content_type)) return std::unexpected(not_json(content_type));
  auto value = parse_json(request.body);
  if (!value) return std::unexpected(http::problem(400, "The body is not JSON", value.error().what));
  const auto violations = schema->validate(*value);
  if (!violations.empty()) return std::unexpected(violates(violations));
  command.body = *std::move(value);
  command.body_text = std::move(request.body);
  return {};
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void read_origin(Command& command, const http::Headers& headers) {
  if (const auto text = headers.get("traceparent")) {
    if (const auto trace = TraceContext::parse(*text)) command.traceparent = trace->text();
  }
  if (const auto id = headers.get("X-Correlation-Id"); id && id->size() <= correlation_bytes_max && is_printable(*id))
    command.correlationid = *id;
}

// A request that is done although its condition was not looked at loses the change that it was to protect.
http::Response nobody_looks(const RoutePlan& route) {
  return http::problem(400, "If-Match is not expected",
                       fmt::format("{} {} looks at no version: send it without If-Match, or give it "
                                   "`if_match: select ...` in its definition",
                                   route.method, route.path));
}

OrResponse<> read_if_match(Command& command, const http::Headers& headers) {
  const auto& plan = command.plan().if_match;
  const auto text = if_match_of(headers);
  if (!text && plan && plan->required)
    return std::unexpected(http::problem(428, "If-Match is missing",
                                         "this request changes something that others may have changed: read it, and "
                                         "send its ETag as If-Match"));
  if (!text) return {};
  if (!plan) return std::unexpected(nobody_looks(command.plan().route));
  auto tags = EntityTags::parse(*text);
  if (!tags) return std::unexpected(http::problem(400, "If-Match is wrong", tags.error().what));
  command.if_match = *std::move(tags);
  return {};
}

}  // namespace

Inputs Command::inputs() const {
  Inputs out;
  out.path = path;
  out.query = query;
  out.let = let;
  out.attributes = body.if_object();
  out.whole = body_text;
  return out;
}

OrResponse<Command> read_command(std::shared_ptr<const ServicePlan> service, std::size_t index, http::Request& request,
                                 const std::vector<std::string>& path) {
  Command command;
  command.service = std::move(service);
  command.index = index;
  command.arrived = request.arrived;
  command.deadline = request.deadline;
  const auto& plan = command.plan();

  auto path_parameters = path_values(plan.route, path);
  if (!path_parameters) return std::unexpected(std::move(path_parameters).error());
  command.path = *std::move(path_parameters);

  const auto pairs = http::QueryString::parse(http::split_target(request.target).query);
  if (!pairs) return std::unexpected(http::problem(400, "The query string is wrong", pairs.error().what));
  auto query_parameters = query_values(plan.route, *pairs);
  if (!query_parameters) return std::unexpected(std::move(query_parameters).error());
  command.query = *std::move(query_parameters);

  if (auto done = read_if_match(command, request.headers); !done) return std::unexpected(std::move(done).error());
  auto key = read_idempotency_key(plan.route, request);
  if (!key) return std::unexpected(std::move(key).error());
  command.key = *std::move(key);

  if (auto done = read_body(command, plan.body.get(), request); !done) return std::unexpected(std::move(done).error());
  read_origin(command, request.headers);
  return command;
}

}  // namespace leat::service
