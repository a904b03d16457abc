#include "gateway/route_table.h"

#include <fmt/format.h>

namespace leat::gateway {

RouteMetrics::RouteMetrics(telemetry::Metrics& metrics, const std::string& service, const std::string& method,
                           const std::string& path) {
  for (std::size_t i = 0; i < by_class_.size(); ++i) {
    by_class_[i] = &metrics.counter("leat_requests_total", "Answered requests.",
                                    {{"service", service},
                                     {"method", method},
                                     {"route", path},
                                     {"status", fmt::format("{}xx", std::max<std::size_t>(i, 1))}});
  }
  seconds_ =
      &metrics.histogram("leat_request_seconds", "From a request's first byte to its answer.",
                         {{"service", service}, {"method", method}, {"route", path}}, telemetry::duration_buckets());
}

void RouteMetrics::count(int status, platform::Duration took) const {
  by_class_[static_cast<std::size_t>(std::clamp(status / 100, 1, 5))]->add();
  seconds_->observe(std::chrono::duration<double>(took).count());
}

Result<> RouteTable::add(http::Route route, const std::string& service, telemetry::Metrics& metrics) {
  auto added = router.add(route.method, route.path_template);
  if (!added) return fail(std::move(added).error().in("service " + service));
  RouteMetrics counted(metrics, service, route.method, route.path_template);
  entries.push_back({std::move(route), service, counted});
  return {};
}

}  // namespace leat::gateway
