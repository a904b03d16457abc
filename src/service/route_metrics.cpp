#include "service/route_metrics.h"

#include <chrono>

#include <fmt/format.h>

namespace leat::service {

RouteMetrics::RouteMetrics(telemetry::Metrics& metrics, std::string kind, std::string service, const RoutePlan& route)
    : metrics_(metrics),
      kind_(std::move(kind)),
      labels_{{"service", std::move(service)}, {"route", route.method + " " + route.path}},
      seconds_(metrics.histogram("leat_" + kind_ + "_seconds",
                                 fmt::format("Time from arrival to answer of a {}.", kind_), labels_,
                                 telemetry::duration_buckets())) {}

void RouteMetrics::count(int status, platform::Duration took) {
  of_status(status).add();
  seconds_.observe(std::chrono::duration<double>(took).count());
}

telemetry::Counter& RouteMetrics::of_status(int status) {
  const std::lock_guard lock(mutex_);
  auto& counter = by_status_[status];
  if (!counter) {
    auto labels = labels_;
    labels.emplace_back("status", std::to_string(status));
    const auto name = kind_ == "query" ? std::string("leat_queries_total") : "leat_" + kind_ + "s_total";
    counter = &metrics_.counter(name, fmt::format("Answers given to a {}, by status.", kind_), std::move(labels));
  }
  return *counter;
}

}  // namespace leat::service
