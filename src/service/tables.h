// service/tables.h — the tables that a definition declares, made in memory so that its statements can be tried on them.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "database/database.h"
#include "definition/definition.h"
#include "platform/platform.h"
#include "service/overwrite.h"
#include "service/shape_plan.h"

namespace leat::service {

struct TableName {
  std::string schema;  // "main", or the name of an attached read model
  std::string table;
  auto operator<=>(const TableName&) const = default;
};

// What preparing a statement told about it.
struct Examined {
  std::vector<ColumnFacts> columns;
  std::set<TableName> reads, writes;
  std::set<std::string> functions;  // in lower case
  bool read_only = false;
  bool returns_rows() const { return !columns.empty(); }
};

// One database in memory. Several can be attached to one another under names, as queries see them.
class Tables {
 public:
  // Requires: `platform` outlives it. Empty until something is executed.
  static Result<Tables> make(platform::Platform& platform);

  // Runs DDL and migrations, for 10 s at most. False when something is wrong; then it stands in `mistakes` at its
  // character.
  bool execute(const definition::Sql& script, definition::Mistakes& mistakes);
  // Prepares one statement without running it.
  std::optional<Examined> examine(const definition::Sql& statement, definition::Mistakes& mistakes);
  // Tables that the statement would read from begin to end, as it calls them. One that is read in the order of the
  // result is left out when `limited`: a page ends it early.
  std::vector<std::string> full_scans(const definition::Sql& statement, bool limited);

  // Makes the tables of `other` visible here under `schema`, empty.
  Result<> attach(const Tables& other, const std::string& schema);
  Result<> detach(const std::string& schema);

  std::vector<std::string> names();  // of tables, in the order of the alphabet
  TableFacts facts(const std::string& table);
  std::vector<ColumnFacts> columns(const std::string& table);
  // Columns that have a default, and its expression as written, without parentheses around it.
  std::vector<std::pair<std::string, std::string>> defaults(const std::string& table);
  bool has_autoincrement(const std::string& table);
  bool has_triggers();

 private:
  Tables(database::Database database, std::string path, platform::Clock& clock)
      : database_(std::move(database)), path_(std::move(path)), clock_(&clock) {}
  std::vector<std::vector<std::string>> rows(const std::string& sql);
  ColumnFacts column(const database::Statement& statement, int index);

  database::Database database_;
  std::string path_;
  platform::Clock* clock_;
};

}  // namespace leat::service
