// bus/history.h — positions held against what a partition has lived through.
#pragma once

#include <vector>

#include "base/result.h"
#include "bus/position.h"
#include "log/log.h"

namespace leat::bus {

// The epochs of a partition and what there is of it.
struct History {
  log::PartitionId partition;
  log::Bounds bounds;
  std::vector<log::EpochStart> epochs;

  static Result<History> of(log::Log&, log::PartitionId);

  // The epoch that wrote the record at `offset`; -1 when the history does not reach it.
  Epoch epoch_at(Offset offset) const;
  Position position(const Uuid& bus, Offset next) const;

  // Code::history_lost, naming the range there is, unless a reader may go on from `position`: it lies between the log
  // start and the durable end, and the record before it was written in the epoch it names (any, if it names none).
  // Turns start_of_log into the start there is.
  Result<Offset> resume(const Uuid& bus, const Position& position) const;
};

}  // namespace leat::bus
