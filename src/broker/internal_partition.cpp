#include "broker/internal_partition.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "broker/compaction.h"
#include "log/record_batch.h"

namespace leat::broker {

InternalPartition::InternalPartition(log::Log& log, log::PartitionId partition, platform::Executor& executor,
                                     std::uint64_t compact_bytes, telemetry::Telemetry* telemetry)
    : log_(log), partition_(partition), executor_(executor), compact_bytes_(compact_bytes), telemetry_(telemetry) {}

Result<> InternalPartition::read(
    const std::function<Result<>(std::string_view key, std::optional<std::string_view> value)>& visit) {
  Result<> outcome;
  std::unordered_map<std::string, std::uint64_t> live;
  LEAT_TRY(const std::uint64_t bytes, for_each_record(log_, partition_, [&](const log::Record& record, Epoch) {
             if (!outcome) return;
             const auto key = record.key.value_or(std::string_view{});
             outcome = visit(key, record.value);
             live[std::string(key)] = log::batch_header_bytes + key.size() + record.value.value_or("").size();
           }));
  if (!outcome) return outcome;
  std::uint64_t live_bytes = 0;
  for (const auto& [key, size] : live) live_bytes += size;
  const std::lock_guard lock(mutex_);
  kept_bytes_ = std::min(live_bytes, bytes);
  written_bytes_ = bytes - kept_bytes_;
  return {};
}

log::Part InternalPartition::put(std::string_view key, std::string_view value, std::int64_t now_ms) const {
  return {partition_, log::build_batch({log::Record{.timestamp_ms = now_ms, .key = key, .value = value}})};
}

void InternalPartition::written(std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    written_bytes_ += bytes;
    if (compacting_ || written_bytes_ < std::max(compact_bytes_, 3 * kept_bytes_)) return;
    compacting_ = true;
  }
  executor_.post([this] { compact_now(); });
}

void InternalPartition::compact_now() {
  const auto kept = compact(log_, partition_);
  if (!kept && telemetry_) telemetry_->log.warn("compaction of an internal topic failed", {{"why", kept.error()}});
  const std::lock_guard lock(mutex_);
  compacting_ = false;
  written_bytes_ = 0;
  if (!kept) return;
  kept_bytes_ = *kept;
  ++compactions_;
}

std::uint64_t InternalPartition::compactions() const {
  const std::lock_guard lock(mutex_);
  return compactions_;
}

}  // namespace leat::broker
