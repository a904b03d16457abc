// definition/query_form.h — `queries:`, what a service can be asked.
#pragma once

#include "definition/definition.h"
#include "definition/form.h"

namespace leat::definition {

Form<std::vector<Query>> queries_form();

}  // namespace leat::definition
