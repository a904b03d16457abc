// app/admin_routes.h — what the admin listener can be asked and told beside health and metrics; `leat status`, `stop`,
// `start`, `rebuild` and `events` stand on it.
#pragma once

#include "bus/bus.h"
#include "gateway/admin.h"
#include "platform/executor.h"
#include "service/runtime.h"
#include "telemetry/telemetry.h"

namespace leat::app {

// References only: all of it outlives the admin listener.
struct AdminContext {
  service::System& system;
  bus::Bus& bus;
  telemetry::Telemetry telemetry;
  platform::Executor& executor;
  ByteBudget& budget;
};

// Looks at the read models' lag before /metrics is shown, and adds
// GET  /v1/status
// GET  /v1/topics/{topic}/events?from=&limit=&wait=
// POST /v1/services/{service}/stop, /start, /rebuild?read_model=
Result<> add_admin_routes(gateway::Admin&, const AdminContext&);

}  // namespace leat::app
