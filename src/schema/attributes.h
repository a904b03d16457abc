// schema/attributes.h — what a schema names at its top level. Of this room only.
#pragma once

#include <vector>

#include "schema/json_schema.h"

namespace leat::schema {

struct Shape {
  std::vector<Attribute> attributes;
  bool closed = false;
};

// Follows references and looks into allOf. Types are those of "type", else those of "enum" and "const", else of the
// alternatives when each has some.
Shape shape_of(const json::value& schema);

}  // namespace leat::schema
