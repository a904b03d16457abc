#include "log/partition.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace leat::log {

Partition::Partition(OpenFiles& open_files, std::string folder, Manifest manifest, std::size_t epochs_stored,
                     Segments segments, Extent end, Offset next)
    : tail{segments.back(), end, next},
      open_files_(open_files),
      files_(open_files.files()),
      folder_(std::move(folder)),
      id_(manifest.id),
      manifest_(std::move(manifest)),
      epochs_stored_(epochs_stored),
      segments_(std::make_shared<const Segments>(std::move(segments))),
      bounds_{manifest_.start, next, manifest_.epochs.back().epoch},
      epochs_(manifest_.epochs),
      lost_(std::make_shared<const std::vector<OffsetRange>>(manifest_.lost)) {}

Result<std::shared_ptr<Partition>> Partition::create(OpenFiles& open_files, std::string folder, PartitionId id,
                                                     PartitionOptions options) {
  platform::Files& files = open_files.files();
  LEAT_CHECK(files.make_directory(folder));
  Manifest manifest{.id = id, .options = options, .epochs = {EpochStart{}}, .segments = {SegmentEntry{}}};
  auto segment = std::make_shared<Segment>(open_files, folder, id, SegmentName{}, Extent{});
  LEAT_CHECK(segment->create());
  LEAT_CHECK(store_manifest(files, folder, manifest));
  return std::make_shared<Partition>(open_files, std::move(folder), std::move(manifest), 1, Segments{segment}, Extent{},
                                     Offset{});
}

Partition::Segments Partition::segments() const {
  const std::lock_guard lock(mutex_);
  return *segments_;
}

Result<> Partition::change(Manifest next, Segments segments) {
  LEAT_CHECK(store_manifest(files_, folder_, next));
  manifest_ = std::move(next);
  epochs_stored_ = manifest_.epochs.size();
  const std::lock_guard lock(mutex_);
  segments_ = std::make_shared<const Segments>(std::move(segments));
  bounds_.start = manifest_.start;
  lost_ = std::make_shared<const std::vector<OffsetRange>>(manifest_.lost);
  return {};
}

// Only a manifest whose outcome is open answers Code::io.
Result<> Partition::roll() {
  const SegmentName name{tail.next, 0};
  auto fresh = std::make_shared<Segment>(open_files_, folder_, id_, name, Extent{});
  if (auto made = fresh->create(); !made) {
    const Code code = made.error().code == Code::io ? Code::unavailable : made.error().code;
    return fail(code, std::move(made).error().what);
  }
  Manifest next = manifest_;
  next.segments.back().sealed = tail.end;
  next.segments.push_back({name, {}});
  Segments all = segments();
  all.push_back(fresh);
  LEAT_CHECK(change(std::move(next), std::move(all)));
  tail.segment->seal();
  tail = Tail{std::move(fresh), {}, tail.next};
  return {};
}

void Partition::publish(Offset end, std::vector<std::shared_ptr<Waiter>>& woken) {
  const std::lock_guard lock(mutex_);
  bounds_.durable_end = end;
  waiters_.take(bounds_.durable_end, woken);
}

void Partition::close(std::vector<std::shared_ptr<Waiter>>& woken) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  waiters_.take(Offset{std::numeric_limits<std::int64_t>::max()}, woken);
}

void Partition::describe(GroupBuilder& group) const {
  group.add(EndEntry{id_, tail.segment->name().base, tail.end, tail.next});
  for (std::size_t i = epochs_stored_; i < manifest_.epochs.size(); ++i)
    group.add(EpochEntry{id_, manifest_.epochs[i]});
}

Partition::View Partition::view() const {
  const std::lock_guard lock(mutex_);
  return {segments_, bounds_, lost_};
}

std::vector<OffsetRange> Partition::lost() const { return *view().lost; }

Bounds Partition::bounds() const { return view().bounds; }

std::vector<EpochStart> Partition::epochs() const {
  const std::lock_guard lock(mutex_);
  return epochs_;
}

// What `look` finds. A view may name files that have been deleted since: then a newer one knows better.
template <class Look>
auto Partition::with_view(Look look) const {
  for (;;) {
    const View now = view();
    auto found = look(now);
    if (found || view().segments == now.segments) return found;
  }
}

Result<Slice> Partition::read(Offset from, std::size_t bytes_max) const {
  return with_view([&](const View& now) { return read_in(now, from, bytes_max); });
}

namespace {

// What of a slice lies before a gap, or, if nothing does, the gap itself.
Result<Slice> cut_before(Slice slice, const OffsetRange& gap) {
  if (slice.next <= gap.first) return slice;
  std::size_t size = 0;
  Offset next{};
  while (size < slice.batches.size()) {
    LEAT_TRY(const BatchHeader header, read_header(std::string_view(slice.batches).substr(size)));
    if (header.base_offset >= gap.first) break;
    size += header.size_bytes();
    next = header.next_offset();
  }
  if (size == 0) return Slice{{}, gap.next, gap};
  slice.batches.resize(size);
  slice.next = next;
  return slice;
}

}  // namespace

Result<Slice> Partition::read_in(const View& now, Offset from, std::size_t bytes_max) const {
  const auto& [start, end, epoch] = now.bounds;
  if (from < start) {
    return fail(Code::history_lost,
                fmt::format("partition {}: offsets [{}, {}) are gone", text(id_), from.value, start.value));
  }
  if (from > end) {
    return fail(Code::invalid,
                fmt::format("partition {}: offset {} lies beyond the end {}", text(id_), from.value, end.value));
  }
  if (from == end) return Slice{{}, end};
  const auto gap = std::ranges::find_if(*now.lost, [&](const OffsetRange& range) { return range.next > from; });
  const bool gap_ahead = gap != now.lost->end() && gap->first < end;
  if (gap_ahead && gap->first <= from) return Slice{{}, gap->next, *gap};
  const auto base = [](const std::shared_ptr<Segment>& segment) { return segment->name().base; };
  auto at = std::ranges::upper_bound(*now.segments, from, {}, base);
  if (at != now.segments->begin()) --at;
  for (; at != now.segments->end(); ++at) {
    LEAT_TRY(Slice slice, (*at)->read(from, end, bytes_max));
    if (!slice.batches.empty()) return gap_ahead ? cut_before(std::move(slice), *gap) : std::move(slice);
  }
  if (gap_ahead) return Slice{{}, gap->next, *gap};
  return Slice{{}, end};
}

Result<Offset> Partition::offset_at(std::int64_t unix_ms) const {
  return with_view([&](const View& now) -> Result<Offset> {
    for (const auto& segment : *now.segments) {
      if (segment->durable().max_timestamp_ms < unix_ms) continue;
      LEAT_TRY(const auto found, segment->offset_at(unix_ms));
      if (found) return std::clamp(*found, now.bounds.start, now.bounds.durable_end);
    }
    return now.bounds.durable_end;
  });
}

std::shared_ptr<Waiter> Partition::wait_past(Offset seen, Task& wake) {
  const std::lock_guard lock(mutex_);
  if (closed_ || bounds_.durable_end > seen) return nullptr;
  auto waiter = std::make_shared<Waiter>(std::move(wake));
  waiters_.add(seen, waiter);
  return waiter;
}

}  // namespace leat::log
