#include "database/statement.h"

#include <sqlite3.h>

#include "database/connection.h"

namespace leat::database {
namespace {

sqlite3_destructor_type disposal(Bytes bytes) { return bytes == Bytes::borrowed ? SQLITE_STATIC : SQLITE_TRANSIENT; }

// SQLite takes a null pointer for NULL, also when it comes with length 0.
const char* data_of(std::string_view bytes) { return bytes.data() ? bytes.data() : ""; }

std::string_view view(const char* text) { return text ? std::string_view(text) : std::string_view(); }

}  // namespace

Statement::Statement(sqlite3_stmt* handle, Connection* connection) : handle_(handle), connection_(connection) {}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind_null(int parameter) {
  bound(parameter, sqlite3_bind_null(handle_.get(), parameter));
  return *this;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  bound(parameter, sqlite3_bind_int64(handle_.get(), parameter, value));
  return *this;
}

Statement& Statement::bind_real(int parameter, double value) {
  bound(parameter, sqlite3_bind_double(handle_.get(), parameter, value));
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view text, Bytes bytes) {
  bound(parameter,
        sqlite3_bind_text64(handle_.get(), parameter, data_of(text), text.size(), disposal(bytes), SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view blob, Bytes bytes) {
  bound(parameter, sqlite3_bind_blob64(handle_.get(), parameter, data_of(blob), blob.size(), disposal(bytes)));
  return *this;
}

void Statement::bound(int parameter, int result) {
  if (result == SQLITE_OK) return;
  LEAT_ASSERT(result != SQLITE_RANGE && result != SQLITE_MISUSE);  // no such parameter, or bound between rows
  if (!bind_failure_)
    bind_failure_ = Error{code_of(result), fmt::format("the value of parameter {} is too large", parameter)};
}

void Statement::clear_bindings() {
  sqlite3_clear_bindings(handle_.get());
  bind_failure_.reset();
}

Result<bool> Statement::step() {
  if (connection_->stopped) return fail(Code::unavailable, *connection_->stopped);
  if (bind_failure_) return fail(*std::exchange(bind_failure_, std::nullopt));
  switch (sqlite3_step(handle_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      reset();
      return false;
    default:
      return failed();
  }
}

std::unexpected<Error> Statement::failed() {
  auto failure = failure_of(connection_->handle);
  connection_->note(failure);
  reset();
  return fail(std::move(failure).error);
}

Result<> Statement::run() {
  for (;;) {
    LEAT_TRY(const bool row, step());
    if (!row) return {};
  }
}

void Statement::reset() { sqlite3_reset(handle_.get()); }

Type Statement::type(int column) const {
  switch (sqlite3_column_type(handle_.get(), column)) {
    case SQLITE_INTEGER:
      return Type::integer;
    case SQLITE_FLOAT:
      return Type::real;
    case SQLITE_TEXT:
      return Type::text;
    case SQLITE_BLOB:
      return Type::blob;
    default:
      return Type::null;
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

double Statement::real(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (!text) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  if (!bytes) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

int Statement::columns() const { return sqlite3_column_count(handle_.get()); }

std::string_view Statement::name(int column) const { return view(sqlite3_column_name(handle_.get(), column)); }

std::string_view Statement::declared_type(int column) const {
  return view(sqlite3_column_decltype(handle_.get(), column));
}

std::optional<Origin> Statement::origin(int column) const {
  const char* table = sqlite3_column_table_name(handle_.get(), column);
  if (!table) return std::nullopt;
  return Origin{std::string(view(sqlite3_column_database_name(handle_.get(), column))), table,
                std::string(view(sqlite3_column_origin_name(handle_.get(), column)))};
}

int Statement::parameters() const { return sqlite3_bind_parameter_count(handle_.get()); }

bool Statement::is_read_only() const { return sqlite3_stmt_readonly(handle_.get()) != 0; }

std::string_view Statement::sql() const { return view(sqlite3_sql(handle_.get())); }

}  // namespace leat::database
