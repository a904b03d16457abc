#include "database/deadline.h"

#include <sqlite3.h>

#include "database/connection.h"

namespace leat::database {

Deadline::Deadline(Database& database, platform::Clock& clock, platform::Instant at, const std::atomic<bool>* given_up)
    : handle_(database.connection().handle), clock_(clock), at_(at), given_up_(given_up) {
  sqlite3_progress_handler(handle_, 1000, &Deadline::passed, this);
}

Deadline::~Deadline() { sqlite3_progress_handler(handle_, 0, nullptr, nullptr); }

int Deadline::passed(void* self) {
  const auto& deadline = *static_cast<const Deadline*>(self);
  return (deadline.given_up_ && *deadline.given_up_) || deadline.clock_.now() >= deadline.at_;
}

}  // namespace leat::database
