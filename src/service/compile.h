// service/compile.h — a definition checked whole against real tables and schemas, and turned into a plan.
#pragma once

#include "definition/definition.h"
#include "platform/platform.h"
#include "service/plan.h"

namespace leat::service {

// Prepares every statement against the tables that the definition itself declares (in memory), every parameter against
// the schema of its event or body, every emitted event against its schema. All that is wrong goes to `mistakes`, each
// with its place; use the plan only when there are no errors among them.
SystemPlan compile(const definition::System&, platform::Platform, definition::Mistakes& mistakes);

}  // namespace leat::service
