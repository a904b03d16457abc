// service/outbox.h — events on their way: rows of the state database, written in the transaction that caused them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/strong.h"
#include "bus/bus.h"
#include "database/database.h"

namespace leat::service {

struct OutboxRow {
  std::uint64_t number = 0;  // ascending, never given twice
  std::string topic;
  PartitionIndex partition;
  bus::Record record;

  std::size_t bytes() const;
};

// The statements over leat_outbox, prepared on the writer's connection.
class Outbox {
 public:
  static Result<Outbox> prepare(database::Database&);

  // Writes the row and gives it its number. Requires: in a transaction.
  Result<> add(OutboxRow& row);
  // Removes all up to `number`: they are on the bus.
  Result<> forget(std::uint64_t number);
  // All above `number`, in order.
  Result<std::vector<OutboxRow>> load(std::uint64_t above);
  // The highest number ever given; 0 when none was.
  Result<std::uint64_t> last_number();

 private:
  Outbox(database::Database& database) : database_(&database) {}
  database::Database* database_;
  database::Statement insert_, delete_;
};

}  // namespace leat::service
