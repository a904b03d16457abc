// app/status_json.h — the status of a system as JSON: what /v1/status answers.
#pragma once

#include "base/json.h"
#include "service/status.h"

namespace leat::app {

json::object to_json(const service::SystemStatus&);

}  // namespace leat::app
