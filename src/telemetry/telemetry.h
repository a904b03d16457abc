// telemetry/telemetry.h — how a room tells what it does, as one argument.
#pragma once

#include "telemetry/health.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace leat::telemetry {

// References only: whoever made them outlives everything built on them.
struct Telemetry {
  Metrics& metrics;
  Log& log;
  Health& health;
};

}  // namespace leat::telemetry
