#include "database/database.h"

#include <sqlite3.h>

#include "database/connection.h"
#include "database/settings.h"

namespace leat::database {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out += quote;
}

// What is left of `sql` after one statement. `statement` is empty when there was only space or comments.
struct Parsed {
  Statement statement;
  std::string_view rest;
};

SqlResult<Parsed> parse_one(Connection& connection, std::string_view sql, Prepare how) {
  if (sql.size() > static_cast<std::size_t>(sqlite3_limit(connection.handle, SQLITE_LIMIT_SQL_LENGTH, -1)))
    return std::unexpected(SqlFailure{{Code::too_large, "the SQL text is too long"}, -1, SQLITE_TOOBIG});
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const unsigned flags = how == Prepare::persistent ? SQLITE_PREPARE_PERSISTENT : 0;
  if (sqlite3_prepare_v3(connection.handle, sql.data(), static_cast<int>(sql.size()), flags, &raw, &tail) !=
      SQLITE_OK) {
    auto failure = failure_of(connection.handle);
    connection.note(failure);
    return std::unexpected(std::move(failure));
  }
  return Parsed{Statement(raw, &connection), sql.substr(static_cast<std::size_t>(tail - sql.data()))};
}

// What an authorizer refuses is refused as a whole: SQLite points at no part of it.
SqlFailure shifted(SqlFailure failure, std::size_t by) {
  if (failure.extended_code == SQLITE_AUTH) failure.offset = 0;
  if (failure.offset >= 0) failure.offset += static_cast<int>(by);
  return failure;
}

}  // namespace

Connection::~Connection() {
  controls = {};
  sqlite3_close_v2(handle);
}

void Connection::note(const SqlFailure& failure) {
  if (is_failed_flush(failure.extended_code) && !stopped)
    stopped = "the database has stopped after a failed flush: " + failure.error.what;
}

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, const Options& options) {
  configure_process();
  auto connection = std::make_unique<Connection>();
  connection->options = options;
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const std::string vfs_name = options.in_memory ? "memdb" : options.vfs;
  const char* vfs = vfs_name.empty() ? nullptr : vfs_name.c_str();
  if (sqlite3_open_v2(path.c_str(), &connection->handle, flags, vfs) != SQLITE_OK)
    return fail(failure_of(connection->handle).error.in("opening " + path));
  if (auto done = configure(*connection); !done) return fail(std::move(done).error().in("opening " + path));
  if (auto done = configure_schema(*connection, "main"); !done)
    return fail(std::move(done).error().in("opening " + path));
  return Database(std::move(connection));
}

Result<> Database::attach(const std::string& path, std::string_view schema) {
  LEAT_CHECK(execute(fmt::format("attach {} as {}", quoted_text(path), quoted_name(schema))));
  if (auto done = configure_schema(*connection_, schema); !done) {
    (void)detach(schema);
    return fail(std::move(done).error().in("attaching " + path));
  }
  return {};
}

Result<> Database::detach(std::string_view schema) { return execute("detach " + quoted_name(schema)); }

SqlResult<Statement> Database::prepare(std::string_view sql, Prepare how) {
  auto parsed = parse_one(*connection_, sql, how);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  if (!parsed->statement) return std::unexpected(SqlFailure{{Code::invalid, "there is no statement"}, 0, SQLITE_ERROR});
  const auto rest = parse_one(*connection_, parsed->rest, Prepare::once);
  if (rest && !rest->statement) return std::move(parsed->statement);
  const auto end = static_cast<int>(sql.size() - parsed->rest.size());
  return std::unexpected(SqlFailure{{Code::invalid, "more than one statement"}, end, SQLITE_ERROR});
}

SqlResult<> Database::execute(std::string_view script) {
  for (auto rest = script; !rest.empty();) {
    const auto begin = script.size() - rest.size();
    auto parsed = parse_one(*connection_, rest, Prepare::once);
    if (!parsed) return std::unexpected(shifted(std::move(parsed).error(), begin));
    if (parsed->statement) {
      if (auto ran = parsed->statement.run(); !ran)
        return std::unexpected(
            SqlFailure{std::move(ran).error(), static_cast<int>(begin), sqlite3_extended_errcode(connection_->handle)});
    }
    rest = parsed->rest;
  }
  return {};
}

std::int64_t Database::last_insert_rowid() const { return sqlite3_last_insert_rowid(connection_->handle); }

std::int64_t Database::changes() const { return sqlite3_changes64(connection_->handle); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_->handle) == 0; }

bool Database::has_stopped() const { return connection_->stopped.has_value(); }

bool Database::has_deferred_violations() const {
  int violated = 0, unused = 0;
  sqlite3_db_status(connection_->handle, SQLITE_DBSTATUS_DEFERRED_FKS, &violated, &unused, 0);
  return violated != 0;
}

void Database::set_now(std::int64_t unix_ms) { connection_->now_ms = unix_ms; }

Result<CheckpointResult> Database::checkpoint(Checkpoint how, std::string_view schema) {
  if (connection_->stopped) return fail(Code::unavailable, *connection_->stopped);
  const int mode = how == Checkpoint::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  CheckpointResult result;
  if (sqlite3_wal_checkpoint_v2(connection_->handle, std::string(schema).c_str(), mode, &result.wal_pages,
                                &result.moved_pages) == SQLITE_OK)
    return result;
  auto failure = failure_of(connection_->handle);
  connection_->note(failure);
  return fail(std::move(failure).error);
}

Result<> Database::integrity_check() {
  LEAT_TRY(auto statement, prepare("pragma integrity_check(5)", Prepare::once));
  std::string findings;
  for (;;) {
    LEAT_TRY(const bool row, statement.step());
    if (!row) break;
    if (statement.text(0) != "ok") findings += fmt::format("{}{}", findings.empty() ? "" : "; ", statement.text(0));
  }
  if (findings.empty()) return {};
  return fail(Code::corrupt, std::move(findings));
}

void Database::interrupt() { sqlite3_interrupt(connection_->handle); }

std::string quoted_name(std::string_view name) { return quoted(name, '"'); }
std::string quoted_text(std::string_view text) { return quoted(text, '\''); }

}  // namespace leat::database
