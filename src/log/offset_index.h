// log/offset_index.h — where to begin looking for an offset or a time in a segment: one entry about every 4 KiB. A
// cache: rebuilt from the segment when its file is missing, and never believed without looking. Format:
// docs/formats/segment.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/strong.h"

namespace leat::log {

struct IndexEntry {
  Offset offset;  // of the batch that begins here
  std::uint64_t position = 0;
  std::uint32_t ordinal = 0;         // how many batches of the segment lie before
  std::int64_t earlier_max_ms = -1;  // the latest timestamp of all of them
  auto operator<=>(const IndexEntry&) const = default;
};

class OffsetIndex {
 public:
  static constexpr std::uint64_t interval_bytes = 4096;
  static constexpr std::size_t entry_bytes = 32;

  // The first entry is the segment's first batch.
  explicit OffsetIndex(Offset base) : entries_{IndexEntry{.offset = base}} {}

  // Takes note of a batch if it lies far enough behind the last entry. Requires: batches come in order.
  void note(const IndexEntry& batch) {
    if (batch.position >= entries_.back().position + interval_bytes) entries_.push_back(batch);
  }
  void append(const OffsetIndex& later);  // the entries of one that begins where this ends

  const IndexEntry& for_offset(Offset) const;              // the last entry at or before it
  const IndexEntry& for_time(std::int64_t unix_ms) const;  // no batch before this entry is as late
  const IndexEntry& last() const { return entries_.back(); }
  std::size_t size() const { return entries_.size(); }

  // Entries from the `first`-th on, as in the file. The one for position 0 is not stored. `seed` ties the file to its
  // partition.
  std::string encode(std::size_t first, std::uint32_t seed) const;
  // Appends the entries that are whole, in order and below `limit`; stops at the first that is not.
  void decode(std::string_view file, std::uint32_t seed, std::uint64_t limit);

 private:
  std::vector<IndexEntry> entries_;  // ascending in every field
};

}  // namespace leat::log
