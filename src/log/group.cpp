#include "log/group.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/endian.h"
#include "log/publisher.h"

namespace leat::log {
namespace {

constexpr std::size_t data_entry_bytes = 64;  // what an entry takes on top of its batches, rounded up

}  // namespace

Result<std::vector<BatchSpan>> check_part(const Part& part) {
  std::vector<BatchSpan> spans;
  std::string_view rest = part.batches;
  do {
    auto header = check_batch(rest);
    if (!header) return fail(std::move(header).error().in(fmt::format("partition {}", text(part.partition))));
    spans.push_back({static_cast<std::uint32_t>(header->size_bytes()), std::int64_t{header->last_offset_delta} + 1,
                     header->max_timestamp_ms});
    rest.remove_prefix(header->size_bytes());
  } while (!rest.empty());
  return spans;
}

Result<std::vector<Group::Share>> Group::shares(const Pending& append) const {
  std::vector<Share> shares;
  for (std::size_t i = 0; i < append.parts.size(); ++i) {
    const PartitionId id = append.parts[i].partition;
    auto share = std::ranges::find(shares, id, [](const Share& one) { return one.partition->id(); });
    if (share == shares.end()) {
      auto partition = store_.partitions.find(id);
      if (!partition) return fail(Code::not_found, fmt::format("partition {} does not exist", text(id)));
      shares.push_back({std::move(partition)});
      share = std::prev(shares.end());
    }
    share->bytes += append.parts[i].batches.size();
    share->batches += static_cast<std::uint32_t>(append.spans[i].size());
  }
  return shares;
}

// Makes sure that the share will fit, so that nothing can fail half-way through an append.
Result<Group::Placed> Group::prepare(const Share& share) {
  Partition& partition = *share.partition;
  const std::uint64_t size = partition.tail.end.bytes + share.bytes;
  if (partition.tail.end.bytes > 0 && size > partition.manifest().options.segment_bytes) {
    if (last_run_.contains(&partition)) return Placed::next_group;
    LEAT_CHECK(store_.publisher->publish());  // the segment that ends here must hold all that it will
    if (auto rolled = partition.roll(); !rolled) {
      if (rolled.error().code == Code::io) store_.failure.set(rolled.error());
      return fail(std::move(rolled).error());
    }
  }
  const Extent& end = partition.tail.end;
  LEAT_CHECK(partition.tail.segment->reserve({end.bytes + share.bytes, end.batches + share.batches, 0}));
  return Placed::yes;
}

Result<Group::Placed> Group::place(Pending& append) {
  LEAT_TRY(const auto all, shares(append));
  for (const Share& share : all) {
    LEAT_TRY(const Placed placed, prepare(share));
    if (placed == Placed::next_group) return placed;
  }
  const bool huge = append.bytes > store_.options.group_bytes_max;
  std::vector<Appended> appended;
  appended.reserve(append.parts.size());
  for (std::size_t i = 0; i < append.parts.size(); ++i) {
    Part& part = append.parts[i];
    const bool direct = huge || part.batches.size() >= store_.options.direct_bytes;
    const auto share = std::ranges::find(all, part.partition, [](const Share& one) { return one.partition->id(); });
    appended.push_back(add(share->partition, part, append.spans[i], direct));
  }
  append.outcome = std::move(appended);
  bytes_ += append.bytes;
  ++appends_;
  return Placed::yes;
}

Group::Run& Group::run_for(const std::shared_ptr<Partition>& partition, bool direct) {
  const auto last = last_run_.find(partition.get());
  if (last != last_run_.end() && runs_[last->second].direct == direct) return runs_[last->second];
  if (last == last_run_.end()) before_.emplace_back(partition, partition->tail);
  last_run_[partition.get()] = runs_.size();
  const Partition::Tail& tail = partition->tail;
  return runs_.emplace_back(Run{partition, tail.segment, tail.end, tail.end, tail.next, direct, {}, {}, {}});
}

Appended Group::add(const std::shared_ptr<Partition>& partition, Part& part, const std::vector<BatchSpan>& spans,
                    bool direct) {
  Run& run = run_for(partition, direct);
  const HeaderSum& sum = run.segment->sum();
  const Epoch epoch = partition->manifest().epochs.back().epoch;
  const Offset first = run.next;
  char* batch = part.batches.data();
  for (const BatchSpan& span : spans) {
    stamp(batch, run.next, epoch);
    append_be(run.sums, sum.of({batch, batch_header_bytes}));
    run.places.push_back({run.next, run.end.bytes, run.end.batches, run.end.max_timestamp_ms});
    run.next = run.next + span.offsets;
    run.end.bytes += span.bytes;
    ++run.end.batches;
    run.end.max_timestamp_ms = std::max(run.end.max_timestamp_ms, span.max_timestamp_ms);
    batch += span.bytes;
  }
  run.pieces.push_back(part.batches);
  partition->tail.end = run.end;
  partition->tail.next = run.next;
  return {first, run.next, epoch};
}

std::size_t Group::journal_bytes() const {
  std::size_t bytes = 0;
  for (const Run& run : runs_) bytes += data_entry_bytes + (run.direct ? 0 : run.end.bytes - run.begin.bytes);
  return bytes;
}

void Group::clear() {
  runs_.clear();
  last_run_.clear();
  before_.clear();
  bytes_ = appends_ = 0;
}

void Group::fill() {
  store_.journal->begin(journal_);
  for (Run& run : runs_) {
    const Offset segment = run.segment->name().base;
    if (run.direct) {
      journal_.add(EndEntry{run.partition->id(), segment, run.end, run.next});
      continue;
    }
    run.journal_at = journal_.add_data(run.partition->id(), segment, run.begin.bytes, run.begin.batches,
                                       run.end.bytes - run.begin.bytes);
    char* into = journal_.buffer().data() + run.journal_at;
    for (const std::string_view piece : run.pieces) {
      // Not std::ranges::copy, which GCC 12 compiles to a loop, at most 16 bytes each time.
      std::memcpy(into, piece.data(), piece.size());
      into += piece.size();
    }
  }
}

// What goes past the journal must be in its segment, and flushed there, before the journal notes its end.
Result<> Group::write_direct() {
  const bool any = std::ranges::any_of(runs_, &Run::direct);
  if (any) LEAT_CHECK(store_.publisher->publish());  // a segment has one writer at a time
  for (const Run& run : runs_) {
    if (!run.direct) continue;
    std::uint64_t position = run.begin.bytes;
    for (const std::string_view piece : run.pieces) {
      LEAT_CHECK(run.segment->write(position, piece, run.begin.batches, run.sums));
      position += piece.size();
    }
  }
  return {};
}

Result<> Group::flush(bool& fatal) {
  fatal = false;
  LEAT_CHECK(store_.journal->make_room(journal_bytes()));
  LEAT_CHECK(write_direct());
  fatal = true;
  for (const Run& run : runs_) {
    store_.dirty.insert(run.segment);
    if (run.direct) LEAT_CHECK(run.segment->sync());
  }
  LEAT_CHECK(store_.journal->commit(journal_, !store_.options.faults.skip_flush));
  fatal = false;
  return {};
}

Result<> Group::settle(std::vector<std::shared_ptr<Waiter>>& woken) {
  const std::string_view journal = journal_.buffer();
  for (const Run& run : runs_) {
    const std::uint64_t bytes = run.end.bytes - run.begin.bytes;
    if (run.direct) {
      store_.counters.direct_bytes += bytes;
    } else {
      LEAT_CHECK(
          run.segment->write(run.begin.bytes, journal.substr(run.journal_at, bytes), run.begin.batches, run.sums));
    }
    run.segment->publish(run.end, run.places);
    run.partition->publish(run.next, woken);
  }
  store_.counters.appends += appends_;
  store_.counters.append_bytes += bytes_;
  return {};
}

void Group::undo() {
  for (const auto& [partition, tail] : before_) partition->tail = tail;
}

}  // namespace leat::log
