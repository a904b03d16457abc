// service/repeatable.h — whether a statement gives the same rows whenever it runs on the same data.
#pragma once

#include <optional>
#include <string>

#include "service/tables.h"

namespace leat::service {

// The first function that gives another value at each run whatever the data is: now(), random(), ... Nothing: none.
std::optional<std::string> unrepeatable_function(const Examined&);

// The statement names the clock: 'now' for a date function, or current_timestamp and the like.
bool asks_the_clock(const definition::Sql&, const Examined&);

// The statement may give other rows on the same data. Any date function counts: the time it is given may be the text
// 'now', out of a view, a column or a parameter.
bool may_change_by_itself(const Examined&);

}  // namespace leat::service
