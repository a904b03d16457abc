// http/server_metrics.h — what a listener counts.
#pragma once

#include <array>
#include <string>

#include "http/limits.h"
#include "telemetry/metrics.h"

namespace leat::http {

struct ServerMetrics {
  ServerMetrics(telemetry::Metrics& metrics, const std::string& listener)
      : connections(metrics.gauge("leat_http_connections", "Open connections.", {{"listener", listener}})),
        accept_failures(metrics.counter("leat_http_accept_failures_total",
                                        "Connections that the operating system would not hand over.",
                                        {{"listener", listener}})),
        refusals(metrics.counter("leat_http_refused_total", "Requests that were malformed or broke a limit.",
                                 {{"listener", listener}})) {
    for (std::size_t i = 0; i < limit_count; ++i) {
      limits[i] = &metrics.counter("leat_http_limit_total", "How often a limit of the listener was hit.",
                                   {{"listener", listener}, {"limit", name(static_cast<Limit>(i))}});
    }
  }

  void hit(Limit limit) { limits[static_cast<std::size_t>(limit)]->add(); }

  telemetry::Gauge& connections;
  telemetry::Counter& accept_failures;
  telemetry::Counter& refusals;
  std::array<telemetry::Counter*, limit_count> limits;
};

}  // namespace leat::http
