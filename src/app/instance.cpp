#include "app/instance.h"

#include <algorithm>
#include <chrono>
#include <map>

#include <fmt/format.h>

#include "app/wait.h"
#include "bus/embedded.h"
#include "platform/descriptors.h"

namespace leat::app {
namespace {

constexpr auto drain_max = std::chrono::seconds(10);
constexpr std::size_t admin_target_bytes = 48 << 10;

std::vector<gateway::ServiceRoutes> by_service(std::vector<service::Route> routes) {
  std::map<std::string, gateway::ServiceRoutes> grouped;
  for (auto& route : routes) {
    auto& group = grouped[route.service];
    group.service = route.service;
    group.routes.push_back({route.method, route.path, std::move(route.handler)});
  }
  std::vector<gateway::ServiceRoutes> out;
  for (auto& [name, group] : grouped) out.push_back(std::move(group));
  return out;
}

std::size_t spare_descriptors() {
  const auto limit = platform::descriptor_limit(), open = platform::open_descriptors();
  return limit > open ? static_cast<std::size_t>(limit - open) : 0;
}

// Nothing that recovery did stays unsaid (promise 2).
void tell_recovery(const log::Recovery& recovery, telemetry::Log& log) {
  if (recovery.clean) return;
  log.warn("the log was not closed in order; it has been recovered",
           {{"journal_bytes_read", recovery.journal_bytes_read},
            {"journal_bytes_cut", recovery.journal_bytes_cut},
            {"segment_bytes_cut", recovery.segment_bytes_cut}});
}

}  // namespace

Instance::Instance(InstanceOptions options, platform::Platform platform, telemetry::Telemetry telemetry,
                   DataDirectory directory)
    : options_(std::move(options)),
      platform_(platform),
      telemetry_(telemetry),
      directory_(std::move(directory)),
      budget_(options_.memory_bytes),
      process_metrics_(telemetry.metrics, budget_),
      gateway_(platform.clock, platform.random, telemetry),
      admin_executor_(platform.executors.open("admin", 1)),
      admin_(telemetry, telemetry::Secret(directory_.token())) {}

Instance::~Instance() = default;

Result<std::unique_ptr<Instance>> Instance::start(InstanceOptions options, service::SystemPlan plan,
                                                  platform::Platform platform, telemetry::Telemetry telemetry) {
  LEAT_TRY(auto directory, DataDirectory::open(platform, options.data));
  std::unique_ptr<Instance> out(new Instance(std::move(options), platform, telemetry, std::move(directory)));
  auto started = out->start_all(std::move(plan));
  if (started) return out;
  (void)out->stop();  // so that the next start finds everything in order
  return fail(std::move(started).error());
}

Result<> Instance::start_all(service::SystemPlan plan) {
  LEAT_CHECK(open_bus());
  LEAT_CHECK(start_services(std::move(plan)));
  LEAT_CHECK(listen());
  return directory_.announce(http_address(), admin_address());
}

Result<> Instance::open_bus() {
  LEAT_CHECK(check_log_is_there(platform_.files, directory_.path()));
  LEAT_TRY(log_, log::Log::open(platform_, directory_.log(), {.budget = &budget_}));
  tell_recovery(log_->recovery(), telemetry_.log);
  log_metrics_ = LogMetrics(telemetry_.metrics, *log_);
  LEAT_TRY(broker_, broker::Broker::open(platform_, *log_, {}, &telemetry_));
  bus_ = bus::make_embedded(*broker_, platform_, {.budget = &budget_});
  tell_lost();
  scrub_ = std::make_unique<LogScrub>(
      LogScrub::Options{.every = std::chrono::days(options_.scrub_days), .last = directory_.log() + "/scrubbed"},
      platform_, *log_, telemetry_);
  return {};
}

void Instance::tell_lost() const {
  for (const auto& id : log_->partitions()) {
    const auto topic = broker_->topic(id.topic);
    for (const auto& range : log_->lost(id).value_or(std::vector<log::OffsetRange>{}))
      telemetry_.log.warn("a repair has given up a part of this topic's history",
                          {{"topic", topic ? topic->name : id.topic.value.text()},
                           {"partition", id.index.value},
                           {"first", range.first.value},
                           {"next", range.next.value}});
  }
}

Result<> Instance::start_services(service::SystemPlan plan) {
  system_ = std::make_unique<service::System>(std::move(plan), platform_, *bus_, telemetry_, directory_.services(),
                                              service::Options{.budget = &budget_});
  const auto started = wait_for<Result<>>([&](auto done) { system_->start(std::move(done)); });
  if (!started) telemetry_.log.error("not every service could start", {{"why", started.error()}});
  return serve_routes();
}

Result<> Instance::serve_routes() { return gateway_.serve(by_service(system_->routes())); }

Result<> Instance::listen() {
  LEAT_CHECK(add_admin_routes(admin_, AdminContext{*system_, *bus_, telemetry_, *admin_executor_, budget_}));
  const std::size_t spare = spare_descriptors();
  LEAT_TRY(http_, listener({.address = options_.http, .name = "http"}, spare / 2, gateway_.handler()));
  // A page of events goes on from the positions of all partitions, which stand in its target.
  LEAT_TRY(admin_server_,
           listener({.address = options_.admin, .name = "admin", .limits = {.target_bytes = admin_target_bytes}},
                    spare / 4, admin_.handler()));
  return {};
}

Result<std::unique_ptr<http::Server>> Instance::listener(http::ServerOptions options, std::size_t connections_max,
                                                         http::Handler handler) {
  options.insecure = options_.insecure;
  // The rest is for files: a log that cannot open its next segment would be worse than a connection less.
  options.limits.connections = std::clamp<std::size_t>(connections_max, 1, options.limits.connections);
  return http::Server::start(std::move(options), platform_.clock, telemetry_, budget_, std::move(handler));
}

void Instance::reload(service::SystemPlan plan, Done<Result<>> done) {
  system_->reload(std::move(plan), [this, done = std::move(done)](Result<> reloaded) mutable {
    auto served = serve_routes();  // also after a failure: the plan may be in force in some services
    if (reloaded) reloaded = std::move(served);
    done(std::move(reloaded));
  });
}

Result<> Instance::stop() {
  gateway_.stop();
  if (http_) http_->drain(drain_max);
  Result<> stopped;
  if (system_) stopped = wait_for<Result<>>([&](auto done) { system_->stop(std::move(done)); });
  if (admin_server_) admin_server_->drain(std::chrono::seconds(1));
  http_.reset();
  admin_server_.reset();
  admin_executor_.reset();
  system_.reset();
  scrub_.reset();
  bus_.reset();
  broker_.reset();
  if (log_) {
    auto closed = log_->close();
    if (stopped) return closed;
  }
  return stopped;
}

}  // namespace leat::app
