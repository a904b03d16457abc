// database/access.h — what a statement touches and how it would be run: for checks, before anything runs.
#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "database/failure.h"
#include "database/statement.h"

namespace leat::database {

class Database;

struct TableUse {
  std::string schema, table;
  auto operator<=>(const TableUse&) const = default;
};

struct ColumnUse {
  std::string schema, table;
  std::string column;  // empty: the table is read, none of its columns (count(*))
  auto operator<=>(const ColumnUse&) const = default;
};

// Everything, also by way of views, triggers and foreign keys. Names as in the schema, not as in the statement.
struct Access {
  std::set<ColumnUse> reads, updates;
  std::set<TableUse> inserts, deletes;
  std::set<std::string> functions;  // lower case
  // Anything beyond reading and writing rows, by what it is: "create table", "drop", "attach", "pragma", "transaction".
  std::set<std::string> others;

  bool reads_table(std::string_view schema, std::string_view table) const;
  bool writes_table(std::string_view schema, std::string_view table) const;
};

struct Examined {
  Statement statement;
  Access access;
};

// Runs a script that a definition brings: tables, indexes, views, triggers and rows, and nothing else. Refused with
// Code::invalid, at the statement's offset: attach, detach, pragma, transactions and savepoints, and whatever touches a
// table of Leat's own (leat_...). Otherwise as Database::execute().
SqlResult<> execute_confined(Database&, std::string_view script);

// Prepares `sql` and tells what it would touch; runs nothing.
SqlResult<Examined> examine(Database&, std::string_view sql);

// One loop of a query that goes over a whole table or index.
struct Scan {
  std::string table;      // as the statement calls it: the alias where it has one
  bool by_index = false;  // in the order of an index (a LIMIT may end it early)
};

struct QueryPlan {
  std::vector<Scan> scans;         // tables only; not subqueries, constants, json_each and the like
  bool sorts = false;              // the rows are sorted rather than found in order
  std::vector<std::string> lines;  // as SQLite tells them, for people
};

// Asks SQLite how it would run `sql` with the tables as they are.
SqlResult<QueryPlan> query_plan(Database&, std::string_view sql);

}  // namespace leat::database
