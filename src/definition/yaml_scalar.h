// definition/yaml_scalar.h — from a scalar's mark to its style and to where each of its lines stands in the file, which
// yaml-cpp does not tell.
#pragma once

#include <cstddef>

#include "definition/source.h"
#include "definition/yaml_tree.h"

namespace leat::definition {

// Fills style, exact, line_starts and comment_follows of a scalar `node` whose first character (or quote, or |) is at
// `offset`. False when a quoted scalar is never closed.
bool locate_scalar(const Source& source, std::size_t offset, Node& node);

}  // namespace leat::definition
