// The readers' side of a segment, and its index.
#include <algorithm>

#include <fmt/format.h>

#include "log/segment.h"

namespace leat::log {
namespace {

constexpr std::size_t scan_window_bytes = 64 << 10;
constexpr std::uint64_t index_bytes_max = 256 << 20;

}  // namespace

BatchWalk Segment::walk(const SegmentFiles& files, const Look& look, std::size_t window, BatchWalk::Depth depth) const {
  const BatchWalk::Rules rules{
      .sum = sum_, .gaps = name_.generation > 0, .depth = depth, .trusted_until = look.trusted_until};
  return BatchWalk(files, rules, look.from, look.limit, window);
}

template <class Find>
Result<Segment::Look> Segment::look(Find find) {
  LEAT_CHECK(load_index());
  const std::lock_guard lock(mutex_);
  const IndexEntry from = find(index_);
  return Look{from, durable_.bytes, verified_.covered_until(from.position)};
}

Result<Slice> Segment::read_once(Offset from, Offset end, std::size_t bytes_max) {
  LEAT_TRY(const auto files, files_to_read());
  LEAT_TRY(const Look start, look([&](const OffsetIndex& index) { return index.for_offset(from); }));
  const std::uint64_t whole = start.limit - start.from.position;
  const std::size_t window = std::min<std::uint64_t>(whole, bytes_max) + OffsetIndex::interval_bytes;
  BatchWalk batches = walk(*files, start, window, BatchWalk::Depth::whole);

  std::optional<std::uint64_t> begin;
  while (batches.place().offset < end) {
    if (begin) {
      const std::size_t size = batches.buffered_next();
      if (size == 0 || batches.place().position + size - *begin > bytes_max) break;
    }
    BatchWalk::Batch batch;
    const auto more = batches.next(batch);
    if (!more && !begin) return fail(more.error());
    if (!more || !*more) break;  // what is damaged here, the next read will say
    if (!begin && batch.header.next_offset() > from) begin = batch.place.position;
  }
  const IndexEntry reached = batches.place();
  {
    const std::lock_guard lock(mutex_);
    verified_.add(start.from.position, reached.position);
  }
  if (!begin) return Slice{{}, from};
  return Slice{std::move(batches).take(*begin, reached.position), reached.offset};
}

// The index file may have led astray: it is no reason to call the segment damaged.
template <class Ask>
auto Segment::despite_index(Ask ask) {
  auto found = ask();
  if (!found && found.error().code == Code::corrupt && drop_stored_index()) return ask();
  return found;
}

Result<Slice> Segment::read(Offset from, Offset end, std::size_t bytes_max) {
  return despite_index([&] { return read_once(from, end, bytes_max); });
}

Result<std::optional<Offset>> Segment::offset_at(std::int64_t unix_ms) {
  return despite_index([&] { return offset_at_once(unix_ms); });
}

Result<std::optional<Offset>> Segment::offset_at_once(std::int64_t unix_ms) {
  LEAT_TRY(const auto files, files_to_read());
  LEAT_TRY(const Look start, look([&](const OffsetIndex& index) { return index.for_time(unix_ms); }));
  BatchWalk batches = walk(*files, start, scan_window_bytes, BatchWalk::Depth::headers);
  BatchWalk::Batch batch;
  for (;;) {
    LEAT_TRY(const bool more, batches.next(batch));
    if (!more) return std::nullopt;
    if (batch.header.max_timestamp_ms >= unix_ms) return batch.header.base_offset;
  }
}

Result<std::unique_ptr<SegmentScrub>> Segment::scrub(PartitionId id, Offset next) {
  LEAT_TRY(auto files, files_to_read());
  if (sealed_) files->log->drop_cache();  // what counts is what the disk holds
  return std::make_unique<SegmentScrub>(std::move(files), SegmentScrub::Target{id, name_, durable(), next});
}

void Segment::distrust(std::uint64_t begin, std::uint64_t end) {
  const std::lock_guard lock(mutex_);
  verified_.remove(begin, end);
}

// Reads the index file as far as it can be believed and finds the rest by walking the segment.
Result<> Segment::load_index() {
  const std::lock_guard loading(loading_index_);
  {
    const std::lock_guard lock(mutex_);
    if (index_loaded_) return {};
  }
  OffsetIndex index(name_.base);
  if (const auto stored = platform::read_file(files_, path(".index"), index_bytes_max)) {
    index.decode(*stored, sum_.seed(), scan_until_);
  }
  const std::size_t stored_entries = index.size();
  LEAT_TRY(const auto files, files_to_read());
  BatchWalk batches = walk(*files, Look{index.last(), scan_until_, 0}, scan_window_bytes, BatchWalk::Depth::headers);
  BatchWalk::Batch batch;
  for (;;) {
    const auto more = batches.next(batch);
    // A reader of that place will say what is wrong there; what lies before it stays readable.
    if (!more || !*more) break;
    index.note(batch.place);
  }
  const std::lock_guard lock(mutex_);
  for (const IndexEntry& entry : noted_) index.note(entry);
  noted_.clear();
  index_ = std::move(index);
  index_saved_ = stored_entries;
  index_from_file_ = stored_entries > 1;
  index_loaded_ = true;
  return {};
}

// Whether there was one. The next look rebuilds it from the segment alone.
bool Segment::drop_stored_index() {
  const std::lock_guard loading(loading_index_);
  const std::lock_guard lock(mutex_);
  if (!index_from_file_) return false;
  if (const auto removed = files_.remove(path(".index")); !removed) return false;
  scan_until_ = durable_.bytes;
  index_from_file_ = false;
  index_loaded_ = false;
  return true;
}

Result<> Segment::save_index() {
  LEAT_CHECK(load_index());
  std::string bytes;
  std::uint64_t position = 0;
  std::size_t entries = 0;
  {
    const std::lock_guard lock(mutex_);
    bytes = index_.encode(index_saved_, sum_.seed());
    position = (index_saved_ - 1) * OffsetIndex::entry_bytes;
    entries = index_.size();
  }
  if (bytes.empty()) return {};
  LEAT_TRY(const auto file, files_.open(path(".index"), platform::Open::create));
  LEAT_CHECK(file->truncate(position));
  LEAT_CHECK(file->write_at(position, bytes));
  const std::lock_guard lock(mutex_);
  index_saved_ = entries;
  return {};
}

}  // namespace leat::log
