// service/shape_plan.h — column names turned into the shape of a JSON object.
#pragma once

#include <string>
#include <vector>

#include "definition/place.h"
#include "schema/json_schema.h"
#include "service/plan.h"

namespace leat::service {

// A result column as the database describes it.
struct ColumnFacts {
  std::string name;
  std::string declared_type;  // empty for expressions
  bool in_key = false;        // comes from a column of its table's primary key
  bool not_null = false;      // its table lets no NULL in; an outer join may still make one
  std::string table;          // that it comes from; empty for expressions
};

// Dots nest. Refused, at `place`: an empty name or part, a name used twice, and a name that is both a value and an
// object.
ShapePlan shape_of(const std::vector<ColumnFacts>& columns, const definition::Place& place,
                   definition::Mistakes& mistakes);

// What a declared column type says of the value's JSON form: BOOLEAN, JSON, BLOB; anything else by value.
Encode encode_of(std::string_view declared_type);

// What a schema says of it: boolean, arrays and objects as JSON, base64, integers as strings.
Encode encode_of(const schema::Attribute&);

}  // namespace leat::service
