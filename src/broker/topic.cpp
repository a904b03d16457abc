#include "broker/topic.h"

#include <algorithm>

#include <fmt/format.h>

namespace leat::broker {
namespace {

constexpr std::size_t name_bytes_max = 249;  // as Kafka: the name and a partition number still make a file name
constexpr std::uint64_t segment_bytes_min = 64 << 10;

bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

Result<> check_topic_name(std::string_view name) {
  if (name.empty() || name.size() > name_bytes_max)
    return fail(Code::invalid, fmt::format("a topic name has 1 to {} characters, not {}", name_bytes_max, name.size()));
  if (!std::ranges::all_of(name, name_char) || name == "." || name == "..")
    return fail(Code::invalid, fmt::format("'{}' is no topic name; letters, digits, '.', '_' and '-' are", name));
  if (name.starts_with("__"))
    return fail(Code::invalid, fmt::format("topic '{}': names that begin with '__' are the broker's own", name));
  return {};
}

Result<> check_topic_config(const TopicConfig& config, std::int32_t partitions_max) {
  if (config.partitions < 1 || config.partitions > partitions_max)
    return fail(Code::invalid, fmt::format("partitions: 1 to {}, not {}", partitions_max, config.partitions));
  if (config.retention_ms && *config.retention_ms < 0)
    return fail(Code::invalid, fmt::format("retention_ms: 0 or more, not {}", *config.retention_ms));
  if (config.segment_bytes < segment_bytes_min)
    return fail(Code::invalid,
                fmt::format("segment_bytes: {} or more, not {}", segment_bytes_min, config.segment_bytes));
  return {};
}

log::PartitionOptions partition_options(const TopicConfig& config) {
  return {.segment_bytes = config.segment_bytes,
          .retention_ms = config.retention_ms,
          .retention_bytes = config.retention_bytes};
}

}  // namespace leat::broker
