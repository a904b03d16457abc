// service/lets.h — slow functions (password_hash), computed on a bounded pool before the transaction opens.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/task.h"
#include "database/database.h"
#include "platform/platform.h"
#include "service/command.h"
#include "service/options.h"

namespace leat::service {

// One pool for the whole system: hashing passwords must not take all cores.
class Lets {
 public:
  Lets(platform::Platform, const Options&);

  // Fills command.let and hands the command on; answers it itself when that fails (422), the pool is full or the
  // request's time is over (503).
  // `next` runs on the pool.
  void compute(Command, Done<Command> next);

 private:
  Result<std::vector<Value>> evaluate(const Command&);
  Result<database::Database> take_connection();
  void give_back(database::Database);

  platform::Platform platform_;
  const Options options_;
  std::mutex mutex_;
  std::vector<database::Database> idle_;      // connections without tables
  std::unique_ptr<platform::Executor> pool_;  // last: its tasks use the others
};

}  // namespace leat::service
