// definition/command_form.h — `commands:`, what a service can be told, and the parts that every reaction has.
#pragma once

#include "definition/definition.h"
#include "definition/form.h"

namespace leat::definition {

Form<std::vector<Command>> commands_form();

}  // namespace leat::definition
