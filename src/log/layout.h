// log/layout.h — the names of everything in a data directory:
//   journal/journal-<number>
//   partitions/<topic id>-<index>/manifest
//   partitions/<topic id>-<index>/<base offset, 20 digits>[-<generation>].{log,sums,index}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/log.h"

namespace leat::log {

// Compaction writes segments beside those they replace, often with the same base offset: the generation tells them
// apart. Zero for a segment that was appended to.
struct SegmentName {
  Offset base;
  std::uint32_t generation = 0;
  auto operator<=>(const SegmentName&) const = default;
};

std::string text(PartitionId);  // also the name of its folder
std::optional<PartitionId> parse_partition(std::string_view folder_name);

std::string segment_stem(SegmentName);
// The segment that a file belongs to; nothing when it is no file of a segment.
std::optional<SegmentName> parse_segment_file(std::string_view file_name);

std::string journal_name(std::uint64_t number);
std::optional<std::uint64_t> parse_journal(std::string_view file_name);

inline constexpr std::string_view manifest_name = "manifest";
inline constexpr std::string_view manifest_beside_name = "manifest.new";  // a manifest that has not taken over yet

}  // namespace leat::log
