// broker/internal_records.h — what the broker writes into its own topics. Format: docs/formats/internal-topics.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/uuid.h"
#include "broker/topic.h"
#include "log/log.h"

namespace leat::broker {

// The broker's own topics have fixed ids, since topics are found by way of one of them.
log::PartitionId topics_partition();   // __leat_topics: this bus's id, and every topic
log::PartitionId sources_partition();  // __leat_sources: how far every named source has published

inline constexpr std::string_view identity_key = "bus";
std::string encode_identity(const Uuid& bus);
Result<Uuid> decode_identity(std::string_view value);

// A topic, and whether all its partitions had been made when this was written.
struct TopicRecord {
  Topic topic;
  bool settled = false;
  bool operator==(const TopicRecord&) const = default;
};
inline constexpr std::string_view topic_key_prefix = "topic/";
std::string topic_key(std::string_view name);
std::string encode_topic(const TopicRecord&);
Result<TopicRecord> decode_topic(std::string_view name, std::string_view value);

// How far a source has published, and which of its holders did.
struct Progress {
  std::int32_t epoch = 0;
  std::uint64_t last = 0;
  bool operator==(const Progress&) const = default;
};
std::string encode_progress(const Progress&);
Result<Progress> decode_progress(std::string_view value);

}  // namespace leat::broker
