// broker/internal_partition.h — one compacted partition of the broker's own: written to, read whole at open, and
// compacted when it has grown, so that the next open reads a bounded amount.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "log/log.h"
#include "platform/executor.h"
#include "telemetry/telemetry.h"

namespace leat::broker {

// Safe to use from any thread, once open.
class InternalPartition {
 public:
  // Compaction runs on `executor`, once at least `compact_bytes` and three times what was kept have been written since
  // the last one. Its failure is told and costs nothing but room: it is tried again after as much was written again.
  // Requires: `executor` is destroyed before this.
  InternalPartition(log::Log&, log::PartitionId, platform::Executor&, std::uint64_t compact_bytes,
                    telemetry::Telemetry*);

  // Reads every record, oldest first; the last of a key is what holds. Before any use.
  Result<> read(const std::function<Result<>(std::string_view key, std::optional<std::string_view> value)>& visit);

  // A part that puts one key, for an append of the caller's.
  log::Part put(std::string_view key, std::string_view value, std::int64_t now_ms) const;
  // To be called when a part has become durable.
  void written(std::uint64_t bytes);

  std::uint64_t compactions() const;

 private:
  void compact_now();

  log::Log& log_;
  const log::PartitionId partition_;
  platform::Executor& executor_;
  const std::uint64_t compact_bytes_;
  telemetry::Telemetry* const telemetry_;

  mutable std::mutex mutex_;
  std::uint64_t kept_bytes_ = 0;     // what the last compaction left
  std::uint64_t written_bytes_ = 0;  // since then
  std::uint64_t compactions_ = 0;
  bool compacting_ = false;
};

}  // namespace leat::broker
