#include "broker/retention.h"

namespace leat::broker {

Retention::Retention(platform::Platform platform, log::Log& log, const Topics& topics, platform::Executor& executor,
                     platform::Duration every, telemetry::Telemetry* telemetry)
    : platform_(platform), log_(log), topics_(topics), executor_(executor), every_(every), telemetry_(telemetry) {}

void Retention::topics_changed() {
  if (scheduled_ || bounded().empty()) return;
  scheduled_ = true;
  executor_.post_after(every_, [this] { sweep(); });
}

void Retention::sweep() {
  for (const log::PartitionId& partition : bounded()) {
    const auto start = log_.apply_retention(partition, platform_.clock.unix_ms());
    if (!start && telemetry_) telemetry_->log.warn("retention failed", {{"why", start.error()}});
  }
  scheduled_ = false;
  topics_changed();
}

std::vector<log::PartitionId> Retention::bounded() const {
  std::vector<log::PartitionId> out;
  for (const Topic& topic : topics_.all()) {
    if (!topic.config.retention_ms && !topic.config.retention_bytes) continue;
    for (std::int32_t i = 0; i < topic.config.partitions; ++i) out.push_back({topic.id, PartitionIndex{i}});
  }
  return out;
}

}  // namespace leat::broker
