// service/repeatable.h — whether a statement gives the same rows whenever it runs on the same data.
#pragma once

#include <optional>
#include <string>

#include "service/tables.h"

namespace leat::service {

// The first function that gives another value at each run whatever the data is: now(), random(), ... Nothing: none.
std::optional<std::string> unrepeatable_function(const Examined&);

// Where the statement asks the clock, as an offset in its text: current_timestamp and the like, or a date function
// whose time is left out, is 'now', or is computed (only parameters, columns and literals are known not to be).
// Nothing: nowhere.
std::optional<std::size_t> clock_asked_at(const definition::Sql&, const Examined&);

// The statement may give other rows on the same data. Any date function counts: the time it is given may be the text
// 'now', out of a view, a column or a parameter.
bool may_change_by_itself(const Examined&);

}  // namespace leat::service
