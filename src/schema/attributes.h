// schema/attributes.h — what a schema names. Of this room only.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "schema/json_schema.h"

namespace leat::schema {

// Follows references and looks into allOf. Types are those of "type", else those of "enum" and "const", else of the
// alternatives when each has some.
Outline outline_of(const json::value& schema);
// The same below it.
std::optional<Outline> outline_of(const json::value& schema, std::span<const std::string> path);

}  // namespace leat::schema
