// database/settings.h — what is set on every connection before anyone uses it. Of this room only.
#pragma once

#include "base/result.h"
#include "database/connection.h"

namespace leat::database {

// Once for the process, before SQLite is first used.
void configure_process();

// Everything that holds for the connection as a whole: limits, hardening, functions, the WAL hook.
Result<> configure(Connection&);

// What SQLite keeps for each file: journal, flushing, caches.
Result<> configure_schema(Connection&, std::string_view schema);

}  // namespace leat::database
