// database/connection.h — what a Database, its statements and SQLite's callbacks share. Of this room only.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "database/database.h"
#include "database/statement.h"

namespace leat::database {

// SQLite's callbacks hold its address: never moved.
struct Connection {
  sqlite3* handle = nullptr;
  Options options;
  std::optional<std::int64_t> now_ms;
  std::optional<std::string> stopped;  // why nothing may be written or flushed any more

  // BEGIN, COMMIT and the like, prepared once.
  std::array<Statement, 7> controls;

  ~Connection();

  // Notes a failed flush, so that it is never tried again.
  void note(const SqlFailure&);
};

}  // namespace leat::database
