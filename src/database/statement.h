// database/statement.h — one prepared statement: bound by number, stepped row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "database/failure.h"

struct sqlite3_stmt;

namespace leat::database {

struct Connection;

enum class Type { integer, real, text, blob, null };

// Whether bound bytes stay alive and unchanged until they are bound anew or cleared, or SQLite shall copy them.
enum class Bytes { borrowed, copied };

// Where a result column comes from, when it is a column of a table and not an expression.
struct Origin {
  std::string schema, table, column;
};

// Belongs to the Database that prepared it: same thread at a time, and not used after it is gone.
//
//   statement.bind(1, id).bind_text(2, name);
//   for (;;) { LEAT_TRY(bool row, statement.step()); if (!row) break; use(statement.integer(0)); }
//
// Bindings survive resets. A value that cannot be bound (too large) is told by the next step().
class Statement {
 public:
  Statement() = default;  // holds none; only to be assigned to
  Statement(sqlite3_stmt*, Connection*);

  Statement& bind_null(int parameter);
  Statement& bind(int parameter, std::int64_t);
  Statement& bind_real(int parameter, double);
  Statement& bind_text(int parameter, std::string_view, Bytes = Bytes::borrowed);  // Requires: UTF-8
  Statement& bind_blob(int parameter, std::string_view, Bytes = Bytes::borrowed);
  void clear_bindings();

  // True: a row is there, and its columns are valid until the next call on this statement. False: finished. After
  // false or a failure the statement is reset by itself and holds no lock; another step() begins again.
  Result<bool> step();
  // Steps to the end, ignoring rows.
  Result<> run();
  // Gives up the remaining rows. Needed only when step() has not returned false.
  void reset();

  Type type(int column) const;
  bool is_null(int column) const { return type(column) == Type::null; }
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;  // converts numbers
  std::string_view blob(int column) const;

  int columns() const;
  std::string_view name(int column) const;
  std::string_view declared_type(int column) const;  // as in CREATE TABLE; empty for expressions
  std::optional<Origin> origin(int column) const;

  int parameters() const;     // the largest number used
  bool is_read_only() const;  // writes to no database file
  std::string_view sql() const;

  explicit operator bool() const { return handle_ != nullptr; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt*) const;
  };
  void bound(int parameter, int result);
  std::unexpected<Error> failed();

  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  Connection* connection_ = nullptr;
  std::optional<Error> bind_failure_;
};

}  // namespace leat::database
