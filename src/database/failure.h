// database/failure.h — what SQLite said, in our words.
#pragma once

#include <expected>

#include "base/result.h"

struct sqlite3;

namespace leat::database {

// A failure with all that SQLite knows of it. `offset` is the byte of the statement's text that it points at, -1 when
// it points at none. Turns into a plain Error where nobody asks for the rest, so LEAT_TRY works on both.
struct SqlFailure {
  Error error;
  int offset = -1;
  int extended_code = 0;
  operator Error() const& { return error; }
  operator Error() && { return std::move(error); }
};

template <class T = void>
using SqlResult = std::expected<T, SqlFailure>;

// Requires: the last call on `connection` failed.
SqlFailure failure_of(sqlite3* connection);

// What a caller should do about an extended result code.
Code code_of(int extended_code);

// A failed flush: what it covered is in an unknown state, so the connection must never write again.
bool is_failed_flush(int extended_code);

}  // namespace leat::database
