#include "database/access.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/lower.h"
#include "database/connection.h"

namespace leat::database {
namespace {

std::string text(const char* value) { return value ? value : ""; }

std::string other(int action) {
  switch (action) {
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_VTABLE:
      return "create table";
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TEMP_INDEX:
      return "create index";
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TEMP_VIEW:
      return "create view";
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_TEMP_TRIGGER:
      return "create trigger";
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_VTABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_TEMP_TRIGGER:
      return "drop";
    case SQLITE_ALTER_TABLE:
      return "alter table";
    case SQLITE_ANALYZE:
      return "analyze";
    case SQLITE_REINDEX:
      return "reindex";
    case SQLITE_ATTACH:
      return "attach";
    case SQLITE_DETACH:
      return "detach";
    case SQLITE_PRAGMA:
      return "pragma";
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return "transaction";
    default:
      return "";  // SELECT, RECURSIVE: nothing beyond what the reads tell
  }
}

// SQLite's authorizer: called while a statement is prepared. `first` and `second` depend on the action.
int record(void* context, int action, const char* first, const char* second, const char* schema, const char*) {
  auto& access = *static_cast<Access*>(context);
  switch (action) {
    case SQLITE_READ:
      access.reads.insert({text(schema), text(first), text(second)});
      break;
    case SQLITE_UPDATE:
      access.updates.insert({text(schema), text(first), text(second)});
      break;
    case SQLITE_INSERT:
      access.inserts.insert({text(schema), text(first)});
      break;
    case SQLITE_DELETE:
      access.deletes.insert({text(schema), text(first)});
      break;
    case SQLITE_FUNCTION:
      access.functions.insert(lower(text(second)));
      break;
    default:
      if (auto what = other(action); !what.empty()) access.others.insert(std::move(what));
  }
  return SQLITE_OK;
}

bool is_leats_own(const char* name) { return lower(text(name)).starts_with("leat_"); }

// The tables and indexes that the arguments of `action` name.
bool touches_leats_own(int action, const char* first, const char* second) {
  switch (action) {
    case SQLITE_FUNCTION:
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return false;
    case SQLITE_READ:
    case SQLITE_UPDATE:
      return is_leats_own(first);  // the second is a column
    default:
      return is_leats_own(first) || is_leats_own(second);
  }
}

// SQLite's own: it looks through a table that gets a column with a constraint, and full-text and R-tree tables ask for
// these two.
bool is_asked_by_sqlite(std::string_view pragma, const char* argument) {
  return pragma == "quick_check" || (argument == nullptr && (pragma == "data_version" || pragma == "page_size"));
}

bool leaves_the_tables(int action, const char* first, const char* second, std::string_view what) {
  if (action == SQLITE_PRAGMA) return !is_asked_by_sqlite(lower(text(first)), second);
  return what == "attach" || what == "detach" || what == "transaction";
}

// SQLite's authorizer for execute_confined(); `context` is the string that is told why.
int confine(void* context, int action, const char* first, const char* second, const char*, const char*) {
  auto& why = *static_cast<std::string*>(context);
  const auto what = other(action);
  if (leaves_the_tables(action, first, second, what)) {
    why = fmt::format("`{}` has no place in a script of a service", what);
  } else if (touches_leats_own(action, first, second)) {
    why = "tables whose names begin with `leat_` are Leat's own";
  } else {
    return SQLITE_OK;
  }
  return SQLITE_DENY;
}

// Where a table lies that a statement names without a schema, in the order in which SQLite looks. Empty: it is a common
// table expression or a view.
std::string schema_of(sqlite3* handle, const std::string& table) {
  const auto has = [&](const char* schema) {
    return sqlite3_table_column_metadata(handle, schema, table.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr,
                                         nullptr) == SQLITE_OK;
  };
  if (has("temp")) return "temp";
  for (int i = 0; const char* schema = sqlite3_db_name(handle, i); ++i)
    if (has(schema)) return schema;
  return {};
}

// For a table of which no column is read, SQLite tells the schema only if the statement does.
void resolve_schemas(sqlite3* handle, std::set<ColumnUse>& reads) {
  while (!reads.empty() && reads.begin()->schema.empty()) {
    auto use = std::move(reads.extract(reads.begin()).value());
    use.schema = schema_of(handle, use.table);
    if (!use.schema.empty()) reads.insert(std::move(use));
  }
}

bool in(const std::set<ColumnUse>& uses, std::string_view schema, std::string_view table) {
  return std::ranges::any_of(uses, [&](const ColumnUse& use) { return use.schema == schema && use.table == table; });
}

// "SCAN p", "SCAN p LEFT-JOIN", "SCAN p USING COVERING INDEX i", but not "SCAN j VIRTUAL TABLE ...", "SCAN
// (subquery-1)", "SCAN 2 CONSTANT ROWS".
std::optional<Scan> scan_in(std::string_view line) {
  constexpr std::string_view mark = "SCAN ";
  if (!line.starts_with(mark)) return std::nullopt;
  line.remove_prefix(mark.size());
  if (line.starts_with('(') || line.contains(" VIRTUAL TABLE ") || line.contains("CONSTANT ROW")) return std::nullopt;
  return Scan{std::string(line.substr(0, line.find(' '))), line.contains(" USING ")};
}

}  // namespace

bool Access::reads_table(std::string_view schema, std::string_view table) const { return in(reads, schema, table); }

bool Access::writes_table(std::string_view schema, std::string_view table) const {
  const TableUse use{std::string(schema), std::string(table)};
  return inserts.contains(use) || deletes.contains(use) || in(updates, schema, table);
}

SqlResult<> execute_confined(Database& database, std::string_view script) {
  std::string why;
  auto* handle = database.connection().handle;
  sqlite3_set_authorizer(handle, confine, &why);
  auto done = database.execute(script);
  sqlite3_set_authorizer(handle, nullptr, nullptr);
  if (done || why.empty()) return done;
  auto failure = std::move(done).error();
  failure.error = {Code::invalid, why};
  return std::unexpected(std::move(failure));
}

SqlResult<Examined> examine(Database& database, std::string_view sql) {
  Access access;
  auto* handle = database.connection().handle;
  sqlite3_set_authorizer(handle, record, &access);
  auto statement = database.prepare(sql);
  sqlite3_set_authorizer(handle, nullptr, nullptr);
  if (!statement) return std::unexpected(std::move(statement).error());
  resolve_schemas(handle, access.reads);
  return Examined{std::move(*statement), std::move(access)};
}

SqlResult<QueryPlan> query_plan(Database& database, std::string_view sql) {
  constexpr std::string_view ask = "explain query plan ";
  auto statement = database.prepare(std::string(ask) + std::string(sql), Prepare::once);
  if (!statement) {
    auto failure = std::move(statement).error();
    if (failure.offset >= 0) failure.offset -= static_cast<int>(ask.size());
    return std::unexpected(std::move(failure));
  }
  QueryPlan plan;
  for (;;) {
    auto row = statement->step();
    if (!row) return std::unexpected(SqlFailure{std::move(row).error()});
    if (!*row) return plan;
    const auto line = statement->text(3);
    if (auto scan = scan_in(line)) plan.scans.push_back(std::move(*scan));
    if (line.starts_with("USE TEMP B-TREE FOR") && line.ends_with("ORDER BY")) plan.sorts = true;
    plan.lines.emplace_back(line);
  }
}

}  // namespace leat::database
