// definition/schema_file.h — a JSON Schema that a service file names by its path.
#pragma once

#include "definition/definition.h"
#include "definition/form.h"

namespace leat::definition {

// Reads the file as well. `of` is what it describes: "a body", "an answer".
Form<SchemaFile> schema_file_form(std::string of);

}  // namespace leat::definition
