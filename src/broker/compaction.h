// broker/compaction.h — the latest value of each key of a partition: read at open, and kept when the rest is dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "log/log.h"
#include "log/record_batch.h"

namespace leat::broker {

// Calls visit(record, epoch) for every record from the partition's start to its durable end, in order. Returns the
// bytes read.
Result<std::uint64_t> for_each_record(log::Log&, log::PartitionId,
                                      const std::function<void(const log::Record&, Epoch)>& visit);

// Replaces everything durable in the partition by the last record of each key, at its old offset; a key whose last
// record is a tombstone goes away, a record without a key stays. Atomic across a crash; appends and reads go on
// meanwhile. Holds what it keeps in memory: for the broker's own, small topics. Returns the bytes kept.
Result<std::uint64_t> compact(log::Log&, log::PartitionId);

}  // namespace leat::broker
