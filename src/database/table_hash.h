// database/table_hash.h — whether two tables hold the same rows.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace leat::database {

class Database;

// "<rows>:<hash>", the same for two tables exactly when they hold the same rows (types and values, as often), in
// whatever order; but for chance of 2^-64 or so. Hidden rowids do not count.
Result<std::string> table_hash(Database&, std::string_view schema, std::string_view table);

// The same over all tables of a schema, by name, without SQLite's own; `except` names one more to leave out.
Result<std::string> schema_hash(Database&, std::string_view schema, std::string_view except = {});

}  // namespace leat::database
