// app/load_plan.h — from a directory to a plan that can be run, or to all that is wrong with it.
#pragma once

#include <string>

#include "definition/definition.h"
#include "platform/platform.h"
#include "service/plan.h"

namespace leat::app {

struct Loaded {
  definition::System system;
  definition::Mistakes mistakes;
  service::SystemPlan plan;  // only to be used when ok()
  bool ok() const { return !mistakes.any_errors(); }
};

Loaded load_plan(platform::Platform, const std::string& directory);

// "system social: 2 services, 3 commands, 3 queries, 1 read model, 4 events"
std::string describe(const service::SystemPlan&);

}  // namespace leat::app
