// app/log_metrics.h — what the log counts, as metrics.
#pragma once

#include <vector>

#include "log/log.h"
#include "telemetry/metrics.h"

namespace leat::app {

class LogMetrics {
 public:
  LogMetrics() = default;
  // Requires: both outlive this.
  LogMetrics(telemetry::Metrics&, log::Log&);

 private:
  std::vector<telemetry::Registration> registered_;
};

}  // namespace leat::app
