// definition/state.h — `state:`, what a service owns: one SQL file with migration marks, or a folder of numbered files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "definition/definition.h"
#include "definition/form.h"

namespace leat::definition {

// `path` is resolved; `asked` is where it is named. Nothing when any of it could not be read.
std::optional<std::vector<Migration>> read_state(Reading&, const std::string& path, const Place& asked);

}  // namespace leat::definition
