// service/shape_fit.h — the columns of a select against the JSON Schema that what they make is held against.
#pragma once

#include <string>
#include <vector>

#include "definition/place.h"
#include "schema/json_schema.h"
#include "service/plan.h"
#include "service/shape_plan.h"

namespace leat::service {

// What the schema is of, for messages.
struct Held {
  std::string name;            // "post.created", "answers/post.json"
  std::string schema;          // where to change it: "the event's schema", "answers/post.json"
  bool warns_of_null = false;  // of columns that may be NULL where the schema says otherwise
};

// Gives each column the JSON form that the schema asks for: boolean, array, object, binary, integer as text. Mistakes,
// at `place`: a required attribute that no column gives, a column that a closed schema does not name, a declared type
// that can never be what the schema says.
void fit_shape(ShapePlan&, const std::vector<ColumnFacts>&, const schema::JsonSchema&, const Held&,
               const definition::Place&, definition::Mistakes&);

}  // namespace leat::service
