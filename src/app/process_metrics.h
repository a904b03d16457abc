// app/process_metrics.h — what the process as a whole uses: its byte budget and its descriptors.
#pragma once

#include <vector>

#include "base/byte_budget.h"
#include "telemetry/metrics.h"

namespace leat::app {

class ProcessMetrics {
 public:
  // Requires: both outlive this.
  ProcessMetrics(telemetry::Metrics&, const ByteBudget&);

 private:
  void add_user(telemetry::Metrics&, const ByteBudget&, ByteUser);

  std::vector<telemetry::Registration> registered_;
};

}  // namespace leat::app
