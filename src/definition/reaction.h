// definition/reaction.h — the parts every reaction has, and the two things a service can be asked: commands and
// queries.
#pragma once

#include "definition/definition.h"
#include "definition/form.h"

namespace leat::definition {

Form<std::vector<Command>> commands_form();
Form<std::vector<Query>> queries_form();

}  // namespace leat::definition
