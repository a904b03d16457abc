#include "log/offset_index.h"

#include <algorithm>

#include "base/crc32c.h"
#include "log/byte_reader.h"

namespace leat::log {
namespace {

constexpr std::size_t crc_at = OffsetIndex::entry_bytes - 4;

}  // namespace

void OffsetIndex::append(const OffsetIndex& later) {
  for (const IndexEntry& entry : later.entries_) note(entry);
}

const IndexEntry& OffsetIndex::for_offset(Offset offset) const {
  const auto after = std::ranges::upper_bound(entries_, offset, {}, &IndexEntry::offset);
  return after == entries_.begin() ? *after : *std::prev(after);
}

const IndexEntry& OffsetIndex::for_time(std::int64_t unix_ms) const {
  const auto late = std::ranges::lower_bound(entries_, unix_ms, {}, &IndexEntry::earlier_max_ms);
  return late == entries_.begin() ? *late : *std::prev(late);
}

std::string OffsetIndex::encode(std::size_t first, std::uint32_t seed) const {
  std::string out;
  for (std::size_t i = std::max<std::size_t>(first, 1); i < entries_.size(); ++i) {
    const std::size_t begin = out.size();
    append_be(out, entries_[i].offset.value);
    append_be(out, entries_[i].position);
    append_be(out, entries_[i].ordinal);
    append_be(out, entries_[i].earlier_max_ms);
    append_be(out, crc32c(std::string_view(out).substr(begin), seed));
  }
  return out;
}

void OffsetIndex::decode(std::string_view file, std::uint32_t seed, std::uint64_t limit) {
  for (; file.size() >= entry_bytes; file.remove_prefix(entry_bytes)) {
    ByteReader in(file.substr(0, entry_bytes));
    IndexEntry entry;
    entry.offset.value = in.take<std::int64_t>();
    entry.position = in.take<std::uint64_t>();
    entry.ordinal = in.take<std::uint32_t>();
    entry.earlier_max_ms = in.take<std::int64_t>();
    if (in.take<std::uint32_t>() != crc32c(file.substr(0, crc_at), seed)) return;
    const IndexEntry& before = entries_.back();
    const bool ascending = entry.offset > before.offset && entry.position > before.position &&
                           entry.ordinal > before.ordinal && entry.earlier_max_ms >= before.earlier_max_ms;
    if (!ascending || entry.position >= limit) return;
    entries_.push_back(entry);
  }
}

}  // namespace leat::log
