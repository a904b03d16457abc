#include "database/settings.h"

#include <mutex>
#include <utility>

#include <sqlite3.h>

#include "database/functions.h"

namespace leat::database {
namespace {

Result<> pragma(Connection& connection, const std::string& text) {
  if (sqlite3_exec(connection.handle, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail(failure_of(connection.handle).error);
}

void set_limits(Connection& connection) {
  for (const auto& [limit, value] : {
           std::pair{SQLITE_LIMIT_LENGTH, connection.options.value_bytes_max},
           {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
           {SQLITE_LIMIT_COLUMN, 500},
           {SQLITE_LIMIT_EXPR_DEPTH, 250},
           {SQLITE_LIMIT_COMPOUND_SELECT, 100},
           {SQLITE_LIMIT_ATTACHED, 10},
           {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
           {SQLITE_LIMIT_VARIABLE_NUMBER, 1000},
           {SQLITE_LIMIT_TRIGGER_DEPTH, 32},
           {SQLITE_LIMIT_WORKER_THREADS, 0},
       })
    sqlite3_limit(connection.handle, limit, value);
}

void harden(Connection& connection) {
  for (const auto& [option, on] : {
           std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
           {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
           {SQLITE_DBCONFIG_DQS_DML, 0},  // "name" is a name, never a string: a misspelt column is an error
           {SQLITE_DBCONFIG_DQS_DDL, 0},
           {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
           {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
       })
    LEAT_ASSERT(sqlite3_db_config(connection.handle, option, on, nullptr) == SQLITE_OK);
}

// SQLite's own auto-checkpoint swallows a failed flush and would try it again after the next commit; this one notes it.
int checkpoint_when_long(void* context, sqlite3* handle, const char* schema, int wal_pages) {
  auto& connection = *static_cast<Connection*>(context);
  const int limit = connection.options.wal_autocheckpoint_pages;
  if (limit <= 0 || wal_pages < limit || connection.stopped) return SQLITE_OK;
  if (sqlite3_wal_checkpoint_v2(handle, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr) != SQLITE_OK)
    connection.note(failure_of(handle));
  return SQLITE_OK;  // the commit itself has succeeded
}

Result<> use_wal(Connection& connection, const std::string& prefix) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(connection.handle, (prefix + "journal_mode = wal").c_str(), -1, &raw, nullptr);
  Statement statement(raw, &connection);
  if (!statement) return fail(failure_of(connection.handle).error);
  LEAT_TRY(const bool row, statement.step());
  if (row && (statement.text(0) == "wal" || statement.text(0) == "memory")) return {};  // memory: a ":memory:" database
  return fail(Code::unavailable, "SQLite cannot use a WAL here");
}

}  // namespace

void configure_process() {
  static std::once_flag once;
  // Memory statistics take a lock around every allocation of every connection.
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

Result<> configure(Connection& connection) {
  sqlite3_extended_result_codes(connection.handle, 1);
  sqlite3_busy_timeout(connection.handle, connection.options.busy_timeout_ms);
  set_limits(connection);
  harden(connection);
  sqlite3_wal_hook(connection.handle, checkpoint_when_long, &connection);
  LEAT_CHECK(register_functions(connection));
  // Temporary tables and sorts stay in memory: nothing is written that Files does not see.
  return pragma(connection, "pragma temp_store = memory; pragma recursive_triggers = on");
}

Result<> configure_schema(Connection& connection, std::string_view schema) {
  const auto& options = connection.options;
  const auto prefix = fmt::format("pragma {}.", quoted_name(schema));
  if (!options.read_only && !options.in_memory) LEAT_CHECK(use_wal(connection, prefix));
  for (const auto& setting : {
           fmt::format("synchronous = {}", options.synchronous == Synchronous::full ? "full" : "normal"),
           fmt::format("secure_delete = off"),
           fmt::format("cache_size = {}", -(options.cache_bytes >> 10)),
           fmt::format("mmap_size = {}", options.mmap_bytes),
           fmt::format("journal_size_limit = {}", options.wal_bytes_kept),
       })
    LEAT_CHECK(pragma(connection, prefix + setting));
  return {};
}

}  // namespace leat::database
