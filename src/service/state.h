// service/state.h — a service's state database: opened, migrated, with the runtime's own tables in it.
// Format: docs/formats/state-database.md
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "database/database.h"
#include "definition/definition.h"
#include "platform/platform.h"

namespace leat::service {

struct State {
  database::Database database;
  std::string identity;  // of this file, random: a state that was thrown away and begun anew is another one
};

// Opens or makes the file and brings it to the last migration, each in a transaction of its own. Code::conflict, naming
// the migration, when one that was applied has been edited or is gone, or a new one stands before it.
// A migration that runs while `given_up` holds ends with Code::timeout, and has not happened.
Result<State> open_state(const std::string& path, const database::Options&,
                         const std::vector<definition::Migration>& migrations, platform::Platform,
                         const std::atomic<bool>* given_up = nullptr);

// What is remembered of an applied migration: the same for texts that mean the same.
std::string migration_hash(const definition::Migration&);

// Applies what is new, as open_state() does. Requires: no transaction is open.
Result<> migrate(database::Database&, const std::vector<definition::Migration>& migrations, platform::Clock&);
// The same in a transaction that the caller has opened and commits or not. The failure names file and statement.
Result<> run_new_migrations(database::Database&, const std::vector<definition::Migration>& migrations,
                            platform::Clock&);
// Does it all, and undoes it: whether it would succeed on what is there now.
Result<> try_migrations(database::Database&, const std::vector<definition::Migration>& migrations, platform::Clock&);

}  // namespace leat::service
