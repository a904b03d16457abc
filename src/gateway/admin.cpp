#include "gateway/admin.h"

#include <algorithm>

#include "base/json.h"
#include "gateway/foreign_page.h"
#include "http/query_string.h"
#include "http/router.h"

namespace leat::gateway {
namespace {

// "[::1]:80" -> "[::1]", "localhost:80" -> "localhost".
std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return has_port ? host.substr(0, colon) : host;
}

bool is_loopback_name(std::string_view name) {
  return http::same_name(name, "localhost") || name == "127.0.0.1" || name == "[::1]";
}

http::Response json_response(int status, const json::value& body) {
  return {.status = status, .content_type = "application/json", .body = json::serialize(body)};
}

http::Response readiness(const telemetry::Health& health) {
  bool ready = true;
  json::array conditions;
  for (const auto& [name, ok, why] : health.all()) {
    ready = ready && ok;
    json::object condition{{"name", name}, {"ok", ok}};
    if (!why.empty()) condition["why"] = why;
    conditions.push_back(std::move(condition));
  }
  return json_response(ready ? 200 : 503, json::object{{"ready", ready}, {"conditions", std::move(conditions)}});
}

http::Response shown(const telemetry::Metrics& metrics) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics.render()};
}

http::Response unauthorised() {
  http::Response response =
      http::problem(401, http::reason(401),
                    "This needs `Authorization: Bearer TOKEN` with the token from running.json in the data directory.");
  response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace

class Admin::State {
 public:
  State(telemetry::Telemetry telemetry, telemetry::Secret token, std::vector<std::string> hosts)
      : telemetry_(telemetry), token_(std::move(token)), hosts_(std::move(hosts)) {
    add_reading("/healthz", [] { return json_response(200, json::object{{"alive", true}}); });
    add_reading("/readyz", [this] { return readiness(telemetry_.health); });
    const auto added =
        add({"GET", "/metrics", [this](const http::Request&, const http::Parameters&, http::Reply reply) {
               before_metrics_(
                   [&metrics = telemetry_.metrics, reply = std::move(reply)]() mutable { reply(shown(metrics)); });
             }});
    LEAT_ASSERT(added.has_value());
  }

  Result<> add(http::Route route) {
    LEAT_TRY([[maybe_unused]] const std::size_t number, router_.add(route.method, route.path_template));
    handlers_.push_back(std::move(route.handler));
    return {};
  }

  void before_metrics(std::function<void(Task)> look) { before_metrics_ = std::move(look); }

  void handle(http::Request request, http::Reply reply) const {
    if (!host_is_ours(request)) {
      return reply(http::problem(421, http::reason(421), "Host names none of the names this listener answers to."));
    }
    if (!http::is_safe(request.method) && !has_token(request)) {
      return reply(unauthorised());
    }
    auto found = router_.find(request.method, http::split_target(request.target).path);
    if (!found) return reply(http::response_to(found.error()));
    handlers_[found->route](std::move(request), std::move(found->parameters), std::move(reply));
  }

 private:
  template <class Answer>
  void add_reading(std::string path, Answer answer) {
    const auto added =
        add({"GET", std::move(path),
             [answer](const http::Request&, const http::Parameters&, http::Reply reply) { reply(answer()); }});
    LEAT_ASSERT(added.has_value());
  }

  bool host_is_ours(const http::Request& request) const {
    const auto host = request.headers.get("host");
    if (!host) return false;
    const std::string_view name = without_port(*host);
    return is_loopback_name(name) ||
           std::ranges::any_of(hosts_, [name](const auto& ours) { return http::same_name(ours, name); });
  }

  bool has_token(const http::Request& request) const {
    constexpr std::string_view scheme = "bearer ";
    const std::string_view given = request.headers.get("authorization").value_or("");
    return http::same_name(given.substr(0, scheme.size()), scheme) && token_.matches(given.substr(scheme.size()));
  }

  const telemetry::Telemetry telemetry_;
  const telemetry::Secret token_;
  const std::vector<std::string> hosts_;
  std::function<void(Task)> before_metrics_ = [](Task done) { done(); };
  http::Router router_;
  std::vector<http::RouteHandler> handlers_;  // by the router's numbers
};

Admin::Admin(telemetry::Telemetry telemetry, telemetry::Secret token, std::vector<std::string> hosts)
    : state_(std::make_shared<State>(telemetry, std::move(token), std::move(hosts))) {}
Admin::~Admin() = default;

Result<> Admin::add(http::Route route) { return state_->add(std::move(route)); }

void Admin::before_metrics(std::function<void(Task)> look) { state_->before_metrics(std::move(look)); }

http::Handler Admin::handler() const {
  return [state = state_](http::Request request, http::Reply reply) {
    state->handle(std::move(request), std::move(reply));
  };
}

}  // namespace leat::gateway
