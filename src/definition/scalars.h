// definition/scalars.h — forms of single values: numbers, switches, times, sizes, paths, SQL.
#pragma once

#include <cstdint>

#include "definition/form.h"
#include "definition/sql.h"

namespace leat::definition {

Form<int> integer_form(int min, int max);
Form<bool> flag_form();
Form<std::int64_t> duration_form();                    // 45s, 30m, 12h, 7d -> milliseconds
Form<std::uint64_t> size_form();                       // 100MiB, 1GiB -> bytes
Form<std::string> path_form(const std::string& says);  // resolved: from the system's directory
Form<Sql> statement_form();                            // exactly one statement
Form<Sql> expression_form();                           // exactly one expression
Form<std::vector<Sql>> script_form();                  // one or more, ; between them

// The SQL of a scalar with its places, lexed. Refuses what YAML would change on the way: comments, folding, escapes.
bool read_sql(Reading&, const Node&, Sql& into);
// The fault of `sql`'s text at its place, if it has one.
bool check_sql(Reading&, const Sql& sql);

}  // namespace leat::definition
