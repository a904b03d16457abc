// app/new_system.h — the small system that `leat new` writes: a service that is told things, and one that has heard
// them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::app {

// Paths below the new directory, and what stands in each file.
std::vector<std::pair<std::string, std::string>> new_system(std::string_view name);

}  // namespace leat::app
