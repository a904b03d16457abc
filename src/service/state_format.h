// service/state_format.h — the runtime's own tables in a state database, and how an older file is brought to them.
// Format: docs/formats/state-database.md
#pragma once

#include "base/result.h"
#include "database/database.h"

namespace leat::service {

// Of the tables whose names begin with leat_. A step for each number; one that has shipped is never edited.
inline constexpr int state_format = 2;

// Runs the steps that the file has not seen. Code::conflict when it has seen more than this program knows. Requires: a
// transaction.
Result<> bring_to_state_format(database::Database&);

}  // namespace leat::service
