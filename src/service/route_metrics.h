// service/route_metrics.h — how many requests of each route, how they ended, how long they took.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "platform/clock.h"
#include "service/plan.h"
#include "telemetry/metrics.h"

namespace leat::service {

// Looks its instruments up once for each route and status. Safe from any thread.
class RouteMetrics {
 public:
  // `kind`: "command" or "query".
  RouteMetrics(telemetry::Metrics& metrics, std::string kind, std::string service, const RoutePlan& route);

  void count(int status, platform::Duration took);

 private:
  telemetry::Counter& of_status(int status);

  telemetry::Metrics& metrics_;
  const std::string kind_;
  const telemetry::Labels labels_;
  telemetry::Histogram& seconds_;
  std::mutex mutex_;
  std::map<int, telemetry::Counter*> by_status_;
};

}  // namespace leat::service
