#include "service/tables.h"

#include <algorithm>

#include <fmt/format.h>

#include "database/access.h"
#include "database/deadline.h"
#include "definition/tokens.h"

namespace leat::service {
namespace {

constexpr auto execute_time_max = std::chrono::seconds(10);
constexpr std::string_view leat_prefix = "leat_";

// SQLite's words without what our line says already.
std::string plain(std::string message) {
  if (const auto near = message.find("near \"");
      near != std::string::npos && message.find("syntax error") != std::string::npos)
    return "SQL: " + message;
  return message;
}

std::string fix_for(const std::string& message) {
  if (message.starts_with("no such table"))
    return "commands see the service's own state, read models their own tables, queries both";
  return {};
}

// SQLite points at what it could not parse, but only names a table that it does not know.
definition::Place place_of(const definition::Sql& sql, const database::SqlFailure& failure) {
  if (failure.offset >= 0) {
    const auto begin = sql.numbered.find_first_not_of(" \t\r\n", static_cast<std::size_t>(failure.offset));
    return sql.place_of_numbered(std::min(begin, sql.numbered.size()));
  }
  constexpr std::string_view unknown_table = "no such table: ";
  const std::string_view what = failure.error.what;
  if (!what.starts_with(unknown_table)) return sql.place();
  const auto tokens = definition::tokenise(sql.text);
  const auto named = [&](const definition::Token& token) {
    return token.kind == definition::Token::Kind::word && token.in(sql.text) == what.substr(unknown_table.size());
  };
  if (!tokens) return sql.place();
  const auto found = std::ranges::find_if(*tokens, named);
  return found == tokens->end() ? sql.place() : sql.place(found->begin);
}

// Where a script names what is Leat's: none of it is here, so SQLite would not find it.
std::optional<std::size_t> leats_own(const definition::Sql& script) {
  const auto tokens = definition::tokenise(script.text);
  if (!tokens) return std::nullopt;
  for (const auto& token : *tokens) {
    if (token.kind != definition::Token::Kind::word && token.kind != definition::Token::Kind::quoted_name) continue;
    auto name = token.in(script.text);
    if (token.kind == definition::Token::Kind::quoted_name) name.remove_prefix(1);
    if (definition::is_keyword(name.substr(0, leat_prefix.size()), leat_prefix)) return token.begin;
  }
  return std::nullopt;
}

void add(definition::Mistakes& mistakes, const definition::Sql& sql, const database::SqlFailure& failure) {
  mistakes.error(place_of(sql, failure), plain(failure.error.what), fix_for(failure.error.what));
}

}  // namespace

Result<Tables> Tables::make(platform::Platform& platform) {
  const std::string path = "/" + Uuid::v4(platform.random.bytes16()).text();
  LEAT_TRY(auto database, database::Database::open(path, {.in_memory = true}));
  return Tables(std::move(database), path, platform.clock);
}

bool Tables::execute(const definition::Sql& script, definition::Mistakes& mistakes) {
  if (const auto at = leats_own(script)) {
    mistakes.error(script.place(*at), "names that begin with `leat_` are Leat's own", "choose another name");
    return false;
  }
  const database::Deadline deadline(database_, *clock_, clock_->now() + execute_time_max);
  if (auto done = database::execute_confined(database_, script.numbered); !done) {
    if (done.error().error.code == Code::timeout)
      done.error().error.what = "it takes too long, on empty tables already";
    add(mistakes, script, done.error());
    return false;
  }
  return true;
}

std::optional<Examined> Tables::examine(const definition::Sql& statement, definition::Mistakes& mistakes) {
  if (statement.numbered.empty()) return std::nullopt;  // it could not be read: told by the loader
  auto examined = database::examine(database_, statement.numbered);
  if (!examined) {
    add(mistakes, statement, examined.error());
    return std::nullopt;
  }
  const auto& [prepared, access] = *examined;
  for (const auto& other : access.others) {
    mistakes.error(statement.place(), fmt::format("`{}` has no place in a statement of a service", other),
                   "tables are made in `state:` and `tables:`; transactions are Leat's");
    return std::nullopt;
  }
  Examined out{.functions = access.functions, .read_only = prepared.is_read_only()};
  for (int i = 0; i < prepared.columns(); ++i) out.columns.push_back(column(prepared, i));
  for (const auto& use : access.reads) out.reads.insert({use.schema, use.table});
  for (const auto& use : access.updates) out.writes.insert({use.schema, use.table});
  for (const auto& use : access.inserts) out.writes.insert({use.schema, use.table});
  for (const auto& use : access.deletes) out.writes.insert({use.schema, use.table});
  return out;
}

ColumnFacts Tables::column(const database::Statement& statement, int index) {
  ColumnFacts out{.name = std::string(statement.name(index)),
                  .declared_type = std::string(statement.declared_type(index))};
  const auto origin = statement.origin(index);
  if (!origin) return out;
  out.table = origin->table;
  const auto about = fmt::format("from pragma_table_info({}, {})", database::quoted_text(origin->table),
                                 database::quoted_text(origin->schema));
  for (const auto& row : rows(fmt::format("select pk, \"notnull\" or (pk > 0 and upper(type) = 'INTEGER' and (select "
                                          "max(pk) {0}) = 1) {0} where name = {1}",
                                          about, database::quoted_text(origin->column)))) {
    out.in_key = row[0] != "0";
    out.not_null = row[1] == "1";
  }
  return out;
}

std::vector<std::string> Tables::full_scans(const definition::Sql& statement, bool limited) {
  const auto plan = database::query_plan(database_, statement.numbered);
  std::vector<std::string> out;
  if (!plan) return out;
  for (std::size_t i = 0; i < plan->scans.size(); ++i) {
    const bool ends_early = limited && !plan->sorts && i == 0;
    if (!plan->scans[i].by_index && !ends_early) out.push_back(plan->scans[i].table);
  }
  return out;
}

Result<> Tables::attach(const Tables& other, const std::string& schema) {
  return database_.attach(other.path_, schema);
}
Result<> Tables::detach(const std::string& schema) { return database_.detach(schema); }

std::vector<std::vector<std::string>> Tables::rows(const std::string& sql) {
  std::vector<std::vector<std::string>> out;
  auto statement = database_.prepare(sql, database::Prepare::once);
  LEAT_ASSERT(statement.has_value());
  for (;;) {
    const auto more = statement->step();
    LEAT_ASSERT(more.has_value());
    if (!*more) return out;
    auto& row = out.emplace_back();
    for (int i = 0; i < statement->columns(); ++i) row.emplace_back(statement->text(i));
  }
}

std::vector<std::string> Tables::names() {
  std::vector<std::string> out;
  for (auto& row :
       rows("select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' "
            "order by name"))
    out.push_back(std::move(row[0]));
  return out;
}

std::vector<ColumnFacts> Tables::columns(const std::string& table) {
  std::vector<ColumnFacts> out;
  for (auto& row : rows(fmt::format("select name, type from pragma_table_info({})", database::quoted_text(table))))
    out.push_back({std::move(row[0]), std::move(row[1])});
  return out;
}

TableFacts Tables::facts(const std::string& table) {
  TableFacts out{.name = table};
  const std::string quoted = database::quoted_text(table);
  for (const auto& row : rows(fmt::format("select name from pragma_table_info({}) order by cid", quoted)))
    out.columns.push_back(row[0]);
  for (const auto& row : rows(fmt::format("select name from pragma_table_info({}) where pk > 0 order by pk", quoted)))
    out.primary_key.push_back(row[0]);
  const auto uniques =
      rows(fmt::format("select 1 from pragma_index_list({}) where \"unique\" and origin <> 'pk'", quoted));
  bool foreign_keys = false;
  for (const auto& name : names())
    foreign_keys |=
        !rows(fmt::format("select 1 from pragma_foreign_key_list({})", database::quoted_text(name))).empty();
  out.plain = uniques.empty() && !foreign_keys && !has_triggers();
  return out;
}

std::vector<std::pair<std::string, std::string>> Tables::defaults(const std::string& table) {
  std::vector<std::pair<std::string, std::string>> out;
  for (auto& row : rows(fmt::format("select name, dflt_value from pragma_table_info({}) where dflt_value is not null",
                                    database::quoted_text(table))))
    out.emplace_back(std::move(row[0]), std::move(row[1]));
  return out;
}

bool Tables::has_autoincrement(const std::string& table) {
  if (rows("select 1 from sqlite_schema where name = 'sqlite_sequence'").empty()) return false;
  return !rows(fmt::format("select 1 from sqlite_schema where name = {} and lower(sql) like '%autoincrement%'",
                           database::quoted_text(table)))
              .empty();
}

bool Tables::has_triggers() { return !rows("select 1 from sqlite_schema where type = 'trigger'").empty(); }

}  // namespace leat::service
