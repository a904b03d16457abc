// replace_before: the swap of a compaction.
#include <algorithm>

#include <fmt/format.h>

#include "log/maintenance.h"
#include "log/rewriter.h"

namespace leat::log {
namespace {

constexpr std::size_t copy_bytes = 4 << 20;

// What is kept must be good batches of [start, before), ascending.
Result<> check_kept(std::string_view kept, Offset start, Offset before) {
  Offset next = start;
  while (!kept.empty()) {
    LEAT_TRY(const BatchHeader header, read_header(kept));
    if (header.size_bytes() > kept.size()) return fail(Code::invalid, "the last batch kept is cut short");
    LEAT_CHECK(check_crc(header, kept));
    const bool first = next == start;  // the first may begin before the start, as the batch that holds it does
    if ((!first && header.base_offset < next) || header.next_offset() > before || header.next_offset() <= start) {
      return fail(Code::invalid,
                  fmt::format("kept offsets [{}, {}) do not ascend in [{}, {})", header.base_offset.value,
                              header.next_offset().value, start.value, before.value));
    }
    next = header.next_offset();
    kept.remove_prefix(header.size_bytes());
  }
  return {};
}

// The write lock's part before: afterwards everything before `before` lies in segments that nobody appends to. Returns
// how large segments may be.
Result<std::uint64_t> seal_before(Store& store, Partition& partition, Offset before) {
  const auto lock = store.quiet();
  if (store.failure.failed()) return fail(store.failure.error());
  const Bounds bounds = partition.bounds();
  if (before <= bounds.start || before > bounds.durable_end) {
    return fail(Code::invalid, fmt::format("partition {}: {} lies outside ({}, {}]", text(partition.id()), before.value,
                                           bounds.start.value, bounds.durable_end.value));
  }
  const std::uint64_t segment_bytes = partition.manifest().options.segment_bytes;
  if (partition.tail.segment->name().base >= before) return segment_bytes;
  auto rolled = partition.roll();
  if (!rolled && rolled.error().code == Code::io) store.failure.set(rolled.error());
  if (!rolled) return fail(std::move(rolled).error());
  return segment_bytes;
}

Result<> copy_rest(const Partition& partition, Offset from, Offset to, Rewriter& into) {
  while (from < to) {
    LEAT_TRY(const Slice slice, partition.read(from, copy_bytes));
    if (slice.next <= from) return {};
    if (slice.batches.empty()) {  // what a repair gave up stays as it is
      from = slice.next;
      continue;
    }
    LEAT_TRY(const BatchHeader first, read_header(slice.batches));
    if (first.base_offset < from) {
      return fail(Code::invalid, fmt::format("a batch crosses offset {}, where history is to be replaced", from.value));
    }
    if (first.base_offset >= to) return {};
    LEAT_CHECK(into.add(slice.batches, first.base_offset));
    from = slice.next;
  }
  return {};
}

// The instant: the first `replaced` segments give way to the new ones, which end where `settled` is.
Result<> swap_in(Store& store, Partition& partition, std::size_t replaced, Offset settled, const Rewriter& rewriter) {
  const auto lock = store.quiet();
  if (store.failure.failed()) return fail(store.failure.error());
  Manifest next = partition.manifest();
  Partition::Segments segments = partition.segments();
  next.settled = std::max(next.settled, settled);
  next.segments.erase(next.segments.begin(), next.segments.begin() + static_cast<std::ptrdiff_t>(replaced));
  segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(replaced));
  next.segments.insert(next.segments.begin(), rewriter.entries().begin(), rewriter.entries().end());
  segments.insert(segments.begin(), rewriter.segments().begin(), rewriter.segments().end());
  return change_manifest(store, partition, std::move(next), std::move(segments));
}

}  // namespace

Result<> replace_before(Store& store, Partition& partition, Offset before, std::string_view kept) {
  const std::lock_guard maintenance(partition.maintenance);
  const Offset start = partition.bounds().start;
  LEAT_CHECK(check_kept(kept, start, before));
  LEAT_TRY(const std::uint64_t segment_bytes, seal_before(store, partition, before));

  // Only maintenance and rolls change the list, and a roll only adds to its end.
  const Partition::Segments old = partition.segments();
  const auto later = std::ranges::find_if(old, [&](const auto& one) { return one->name().base >= before; });
  LEAT_ASSERT(later != old.end());
  const auto replaced = static_cast<std::size_t>(later - old.begin());
  std::uint32_t generation = 0;
  for (const auto& segment : old) generation = std::max(generation, segment->name().generation);

  Rewriter rewriter(store, partition.id(), generation + 1, segment_bytes);
  const Offset base = old.front()->name().base;
  const auto rewritten = [&]() -> Result<> {
    LEAT_CHECK(rewriter.add(kept, base));
    LEAT_CHECK(copy_rest(partition, before, (*later)->name().base, rewriter));
    return rewriter.finish(base);
  }();
  if (!rewritten) {
    delete_files_of(rewriter.segments());
    return rewritten;
  }
  LEAT_CHECK(swap_in(store, partition, replaced, (*later)->name().base, rewriter));
  delete_files_of({old.begin(), later});
  return {};
}

}  // namespace leat::log
