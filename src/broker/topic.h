// broker/topic.h — what a topic is: a name, an id that is never used again, and how it is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/uuid.h"
#include "log/log.h"

namespace leat::broker {

struct TopicConfig {
  std::int32_t partitions = 4;
  std::optional<std::int64_t> retention_ms;  // off: everything is kept
  std::optional<std::uint64_t> retention_bytes;
  bool compacted = false;
  std::uint64_t segment_bytes = 256ull << 20;
  auto operator<=>(const TopicConfig&) const = default;
};

struct Topic {
  std::string name;
  TopicId id;
  TopicConfig config;
  bool operator==(const Topic&) const = default;
};

// Code::invalid unless `name` is 1 to 249 of [a-zA-Z0-9._-], neither "." nor "..", and not one of ours ("__...").
Result<> check_topic_name(std::string_view name);
// Code::invalid naming the field when a number makes no sense.
Result<> check_topic_config(const TopicConfig&, std::int32_t partitions_max);

log::PartitionOptions partition_options(const TopicConfig&);

}  // namespace leat::broker
