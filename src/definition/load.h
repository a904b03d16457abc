// definition/load.h — reads a system's folder into plain data, finding every mistake that needs no database.
#pragma once

#include <string>

#include "definition/definition.h"
#include "platform/files.h"

namespace leat::definition {

// Reads `directory`/leat.yaml and all it names. Always returns what could be read; look at `mistakes` before using it.
// Includes (services, state, schemas) may not leave `directory`.
System load(platform::Files&, const std::string& directory, Mistakes& mistakes);

// A JSON Schema (2020-12) of leat.yaml and service files, for editors: what `leat schema` prints.
std::string format_schema();

}  // namespace leat::definition
