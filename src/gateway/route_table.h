// gateway/route_table.h — one generation of routes, with what is counted about each.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "gateway/gateway.h"
#include "http/router.h"

namespace leat::gateway {

// Rate, errors and duration of one route.
class RouteMetrics {
 public:
  RouteMetrics(telemetry::Metrics&, const std::string& service, const std::string& method, const std::string& path);
  void count(int status, platform::Duration took) const;

 private:
  std::array<telemetry::Counter*, 6> by_class_;  // "1xx" to "5xx" at 1 to 5
  telemetry::Histogram* seconds_;
};

struct Entry {
  http::Route route;
  std::string service;
  RouteMetrics metrics;
};

struct RouteTable {
  http::Router router;
  std::vector<Entry> entries;  // by the router's numbers

  Result<> add(http::Route, const std::string& service, telemetry::Metrics&);
};

}  // namespace leat::gateway
