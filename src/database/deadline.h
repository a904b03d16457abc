// database/deadline.h — a bound on the time of statements.
#pragma once

#include <atomic>

#include "platform/clock.h"

struct sqlite3;

namespace leat::database {

class Database;

// While it lives, a statement that runs past `at`, or while `given_up` holds, ends with Code::timeout (looked at every
// thousand steps of SQLite's machine, some microseconds). A writing statement that is ended so takes its whole
// transaction with it. One at a time for each Database, which must stay where it is meanwhile.
class Deadline {
 public:
  Deadline(Database&, platform::Clock&, platform::Instant at, const std::atomic<bool>* given_up = nullptr);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

 private:
  static int passed(void* self);
  sqlite3* handle_;
  platform::Clock& clock_;
  platform::Instant at_;
  const std::atomic<bool>* given_up_;
};

}  // namespace leat::database
