// database/scratch.h — for tests: a database in memory, and answers in one line.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "database/database.h"

namespace leat::database {

inline Options quick() {
  Options options;
  options.password_cost = {1, 8192};
  return options;
}

// For what is not about files.
inline Database in_memory() {
  Options options = quick();
  auto database = Database::open(":memory:", options);
  EXPECT_TRUE(database) << database.error().what;
  return std::move(*database);
}

// All rows of a statement: columns by commas, rows by semicolons; or the name of the failure's code.
inline std::string answer(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) return std::string(name(statement.error().error.code)) + ": " + statement.error().error.what;
  std::string out;
  for (;;) {
    auto row = statement->step();
    if (!row) return std::string(name(row.error().code)) + ": " + row.error().what;
    if (!*row) return out;
    if (!out.empty()) out += ";";
    for (int i = 0; i < statement->columns(); ++i) {
      out += i == 0 ? "" : ",";
      out += statement->is_null(i) ? "NULL" : statement->text(i);
    }
  }
}

}  // namespace leat::database
