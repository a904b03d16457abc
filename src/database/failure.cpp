#include "database/failure.h"

#include <cerrno>

#include <fmt/format.h>
#include <sqlite3.h>

namespace leat::database {
namespace {

Code code_of_constraint(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return Code::conflict;
    default:
      return Code::invalid;  // CHECK, NOT NULL, STRICT types, RAISE(...) in a trigger
  }
}

}  // namespace

Code code_of(int extended_code) {
  switch (extended_code & 0xff) {
    case SQLITE_CONSTRAINT:
      return code_of_constraint(extended_code);
    case SQLITE_FULL:
      return Code::no_space;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return Code::io;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_SCHEMA:
      return Code::unavailable;
    case SQLITE_INTERRUPT:
      return Code::timeout;
    case SQLITE_TOOBIG:
      return Code::too_large;
    default:
      return Code::invalid;  // SQL that is wrong, a type that does not fit, a write to what is read-only
  }
}

bool is_failed_flush(int extended_code) {
  return extended_code == SQLITE_IOERR_FSYNC || extended_code == SQLITE_IOERR_DIR_FSYNC;
}

namespace {

// Where SQLite grows a file in another way than by writing (the index of the WAL, a new file) it has no code of its own
// for a full disk. A failed flush is never one: it must not be tried again.
bool is_full_disk(sqlite3* connection, int extended_code) {
  const int primary = extended_code & 0xff;
  if ((primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN) || is_failed_flush(extended_code)) return false;
  const int system = sqlite3_system_errno(connection);
  return system == ENOSPC || system == EDQUOT;
}

}  // namespace

SqlFailure failure_of(sqlite3* connection) {
  const int extended = sqlite3_extended_errcode(connection);
  const Code code = is_full_disk(connection, extended) ? Code::no_space : code_of(extended);
  std::string what = sqlite3_errmsg(connection);
  if (code == Code::io || code == Code::corrupt) what += fmt::format(" (SQLite code {})", extended);
  return {{code, std::move(what)}, sqlite3_error_offset(connection), extended};
}

}  // namespace leat::database
