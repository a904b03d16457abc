#include "log/maintenance.h"

#include <algorithm>

#include <fmt/format.h>

namespace leat::log {
namespace {

// Moves the start to `offset` and forgets segments that end at or before it. Requires: the write lock.
Result<Partition::Segments> move_start(Store& store, Partition& partition, Offset offset) {
  Manifest next = partition.manifest();
  Partition::Segments kept = partition.segments();
  Partition::Segments dropped;
  while (kept.size() > 1 && kept[1]->name().base <= offset) {
    dropped.push_back(kept.front());
    kept.erase(kept.begin());
    next.segments.erase(next.segments.begin());
  }
  next.start = offset;
  std::erase_if(next.lost, [&](const OffsetRange& range) { return range.next <= offset; });
  next.settled = std::max(next.settled, kept.front()->name().base);
  LEAT_CHECK(change_manifest(store, partition, std::move(next), std::move(kept)));
  return dropped;
}

}  // namespace

void delete_files_of(const Partition::Segments& segments) {
  for (const auto& segment : segments) (void)segment->remove_files();
}

Result<> change_manifest(Store& store, Partition& partition, Manifest next, Partition::Segments segments) {
  auto changed = partition.change(std::move(next), std::move(segments));
  if (!changed && changed.error().code == Code::io) {
    store.failure.set(changed.error());
    return fail(store.failure.error());
  }
  return changed;
}

Result<> delete_before(Store& store, Partition& partition, Offset offset) {
  const std::lock_guard maintenance(partition.maintenance);
  Partition::Segments dropped;
  {
    const auto lock = store.quiet();
    if (store.failure.failed()) return fail(store.failure.error());
    const Bounds bounds = partition.bounds();
    if (offset <= bounds.start) return {};
    if (offset > bounds.durable_end) {
      return fail(Code::invalid, fmt::format("partition {}: offset {} lies beyond the end {}", text(partition.id()),
                                             offset.value, bounds.durable_end.value));
    }
    LEAT_TRY(dropped, move_start(store, partition, offset));
  }
  delete_files_of(dropped);
  return {};
}

Result<Offset> apply_retention(Store& store, Partition& partition, std::int64_t now_ms) {
  const std::lock_guard maintenance(partition.maintenance);
  Partition::Segments dropped;
  {
    const auto lock = store.quiet();
    if (store.failure.failed()) return fail(store.failure.error());
    const PartitionOptions& options = partition.manifest().options;
    const Partition::Segments all = partition.segments();
    std::uint64_t total = 0;
    for (const auto& segment : all) total += segment->durable().bytes;
    Offset start = partition.bounds().start;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      const Extent extent = all[i]->durable();
      const bool too_old = options.retention_ms && extent.max_timestamp_ms < now_ms - *options.retention_ms;
      const bool too_much = options.retention_bytes && total - extent.bytes >= *options.retention_bytes;
      if (!too_old && !too_much) break;
      total -= extent.bytes;
      start = std::max(start, all[i + 1]->name().base);
    }
    if (start == partition.bounds().start) return start;
    LEAT_TRY(dropped, move_start(store, partition, start));
  }
  delete_files_of(dropped);
  return partition.bounds().start;
}

}  // namespace leat::log
