#include "app/admin_routes.h"

#include <charconv>

#include <fmt/format.h>

#include "app/status_json.h"
#include "app/topic_events.h"
#include "http/query_string.h"

namespace leat::app {
namespace {

constexpr std::int64_t page_max = 10'000, wait_max_ms = 25'000;

http::Response json_response(const json::object& body) {
  return {.status = 200, .content_type = "application/json", .body = json::serialize(body)};
}

http::Response problem_of(const Error& error) {
  const int status = http::status_of(error.code);
  return http::problem(status, http::reason(status), error.what);
}

// A whole number in [0, max], or `fallback` when the parameter is missing.
Result<std::int64_t> number(const http::QueryString& query, std::string_view name, std::int64_t fallback,
                            std::int64_t max) {
  const auto text = query.get(name);
  if (!text) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 0 || value > max)
    return fail(Code::invalid, fmt::format("`{}` must be a whole number from 0 to {}", name, max));
  return value;
}

Result<EventsRequest> events_request(const http::Request& request, const std::string& topic) {
  LEAT_TRY(const auto query, http::QueryString::parse(http::split_target(request.target).query));
  LEAT_TRY(const auto limit, number(query, "limit", 100, page_max));
  LEAT_TRY(const auto wait, number(query, "wait", 0, wait_max_ms));
  return EventsRequest{.topic = topic,
                       .from = std::string(query.get("from").value_or("start")),
                       .limit = static_cast<std::size_t>(limit),
                       .wait = std::chrono::milliseconds(wait)};
}

void answer_events(const AdminContext& context, const http::Request& request, const std::string& topic,
                   http::Reply reply) {
  auto wanted = events_request(request, topic);
  if (!wanted) return reply(problem_of(wanted.error()));
  read_events(
      context.bus, context.executor, context.budget, *std::move(wanted),
      [reply = std::move(reply)](auto page) mutable { reply(page ? json_response(*page) : problem_of(page.error())); });
}

// What a person asked for and got, or did not: 204 or a problem.
auto answer_done(http::Reply reply) {
  return [reply = std::move(reply)](Result<> done) mutable {
    reply(done ? http::Response{.status = 204} : problem_of(done.error()));
  };
}

// Filling may take hours: answered when it has begun or was refused, told in the log when it has ended.
void rebuild(const AdminContext& context, const std::string& service, const std::string& read_model,
             http::Reply reply) {
  auto begun = [reply = std::move(reply)](Result<> filling) mutable {
    reply(filling ? http::Response{.status = 202} : problem_of(filling.error()));
  };
  auto ended = [&log = context.telemetry.log, name = fmt::format("{}.{}", service, read_model)](Result<> done) {
    if (done) return log.info("a read model has been rebuilt", {{"read_model", name}});
    log.error("a read model could not be rebuilt", {{"read_model", name}, {"why", done.error()}});
  };
  context.system.rebuild(service, read_model, std::move(ended), std::move(begun));
}

void answer_rebuild(const AdminContext& context, const http::Request& request, const std::string& service,
                    http::Reply reply) {
  const auto query = http::QueryString::parse(http::split_target(request.target).query);
  if (!query) return reply(problem_of(query.error()));
  const auto read_model = query->get("read_model");
  if (!read_model) return reply(problem_of({Code::invalid, "`read_model` is missing"}));
  rebuild(context, service, std::string(*read_model), std::move(reply));
}

}  // namespace

Result<> add_admin_routes(gateway::Admin& admin, const AdminContext& context) {
  admin.before_metrics([context](Task done) {
    context.system.status([done = std::move(done)](const service::SystemStatus&) mutable { done(); });
  });
  LEAT_CHECK(
      admin.add({"GET", "/v1/status", [context](const http::Request&, const http::Parameters&, http::Reply reply) {
                   context.system.status([reply = std::move(reply)](const service::SystemStatus& status) mutable {
                     reply(json_response(to_json(status)));
                   });
                 }}));
  LEAT_CHECK(admin.add({"GET", "/v1/topics/{topic}/events",
                        [context](const http::Request& request, const http::Parameters& path, http::Reply reply) {
                          answer_events(context, request, path[0], std::move(reply));
                        }}));
  LEAT_CHECK(admin.add({"POST", "/v1/services/{service}/stop",
                        [context](const http::Request&, const http::Parameters& path, http::Reply reply) {
                          context.system.stop_service(path[0], answer_done(std::move(reply)));
                        }}));
  LEAT_CHECK(admin.add({"POST", "/v1/services/{service}/start",
                        [context](const http::Request&, const http::Parameters& path, http::Reply reply) {
                          context.system.start_service(path[0], answer_done(std::move(reply)));
                        }}));
  return admin.add({"POST", "/v1/services/{service}/rebuild",
                    [context](const http::Request& request, const http::Parameters& path, http::Reply reply) {
                      answer_rebuild(context, request, path[0], std::move(reply));
                    }});
}

}  // namespace leat::app
