// base/nearest.h — "did you mean ...?"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leat {

// The one of `known` that a slip of the fingers most likely turned into `typed` (edit distance with transpositions at
// most a third of its length, at least one), or nothing.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace leat
