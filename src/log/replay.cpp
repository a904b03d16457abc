#include "log/replay.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/endian.h"

namespace leat::log {
namespace {

constexpr std::size_t open_files_max = 256;

std::unexpected<Error> contradiction(PartitionId id, std::string_view what) {
  return fail(Code::corrupt, fmt::format("partition {}: {}", text(id), what));
}

}  // namespace

void add_epoch(std::vector<EpochStart>& history, EpochStart epoch) {
  if (!history.empty() && history.back().epoch >= epoch.epoch) return;
  while (!history.empty() && history.back().start >= epoch.start) history.pop_back();
  history.push_back(epoch);
}

Result<> Replay::run(const std::vector<JournalFile>& live) {
  find_removals(live);
  for (const JournalFile& file : live) {
    for (const auto& group : file.groups) {
      if (auto applied = apply(file, group); !applied) {
        return fail(std::move(applied).error().in(
            fmt::format("{}: bytes [{}, {})", file.path, group.position, group.position + group.header.size_bytes())));
      }
    }
  }
  open_.clear();
  return {};
}

void Replay::find_removals(const std::vector<JournalFile>& live) {
  for (const JournalFile& file : live) {
    for (const auto& group : file.groups) {
      for (const Entry& entry : group.entries) {
        if (const auto* removal = std::get_if<RemovedEntry>(&entry)) {
          removals_[removal->partition] = group.header.sequence;
        }
      }
    }
  }
}

bool Replay::moot(PartitionId id, std::uint64_t sequence) const {
  const auto removal = removals_.find(id);
  return removal != removals_.end() && sequence < removal->second;
}

Result<> Replay::apply(const JournalFile&, const JournalFile::Group& group) {
  const std::uint64_t sequence = group.header.sequence;
  for (const Entry& entry : group.entries) {
    if (const auto* data = std::get_if<DataEntry>(&entry)) {
      if (!moot(data->partition, sequence)) LEAT_CHECK(apply(*data));
    } else if (const auto* end = std::get_if<EndEntry>(&entry)) {
      if (!moot(end->partition, sequence)) LEAT_CHECK(apply(*end, group.header.snapshot));
      if (!moot(end->partition, sequence)) removed_.erase(end->partition);
    } else if (const auto* epoch = std::get_if<EpochEntry>(&entry)) {
      if (!moot(epoch->partition, sequence)) add_epoch(partitions_[epoch->partition].epochs, epoch->epoch);
    } else if (const auto* removal = std::get_if<RemovedEntry>(&entry)) {
      partitions_.erase(removal->partition);
      removed_.insert(removal->partition);
    }
  }
  return {};
}

Result<> Replay::apply(const EndEntry& entry, bool snapshot) {
  const auto [at, added] = partitions_.try_emplace(entry.partition);
  Replayed& state = at->second;
  const bool same = state.segment == entry.segment && state.extent == entry.extent && state.next == entry.next;
  // A roll shows only in what comes after it: then the new segment is empty and begins at the end known so far.
  const bool rolled = entry.extent.bytes == 0 && entry.segment == entry.next && entry.next == state.next;
  if (!added && snapshot && !same && !rolled) return contradiction(entry.partition, "two groups disagree on its end");
  if (!added && entry.next < state.next) return contradiction(entry.partition, "its end goes back");
  if (!added && !same) state.touched.insert(entry.segment);
  state.segment = entry.segment;
  state.extent = entry.extent;
  state.next = entry.next;
  return {};
}

// The entry goes on where the last one ended, or at the front of the next segment.
Result<> Replay::enter_segment(Replayed& state, const DataEntry& entry) {
  if (entry.segment != state.segment) {
    if (entry.segment != state.next) return contradiction(entry.partition, "a segment does not begin at the end");
    state.segment = entry.segment;
    state.extent = {};
  }
  if (entry.position != state.extent.bytes || entry.ordinal != state.extent.batches) {
    return contradiction(entry.partition, "batches do not continue at the end");
  }
  return {};
}

Result<> Replay::apply(const DataEntry& entry) {
  const auto at = partitions_.find(entry.partition);
  if (at == partitions_.end()) return contradiction(entry.partition, "batches of a partition that does not exist");
  Replayed& state = at->second;
  LEAT_CHECK(enter_segment(state, entry));
  const HeaderSum sum(entry.partition);
  std::string sums;
  for (std::string_view rest = entry.bytes; !rest.empty();) {
    const auto header = read_header(rest);
    if (!header || header->size_bytes() > rest.size() || header->base_offset != state.next) {
      return contradiction(entry.partition, "the bytes are not the batches that were to come");
    }
    append_be(sums, sum.of(rest));
    state.next = header->next_offset();
    state.extent.bytes += header->size_bytes();
    ++state.extent.batches;
    state.extent.max_timestamp_ms = std::max(state.extent.max_timestamp_ms, header->max_timestamp_ms);
    rest.remove_prefix(header->size_bytes());
  }
  const auto manifest = manifests_.find(entry.partition);
  if (manifest == manifests_.end()) {
    if (looking_) return {};
    return fail(Code::corrupt,
                fmt::format("{}/{}: the file is missing", store_.folder(entry.partition), manifest_name));
  }
  if (state.next <= manifest->second.settled) return {};
  const auto named = [&](const SegmentEntry& one) { return one.name == SegmentName{entry.segment, 0}; };
  if (std::ranges::none_of(manifest->second.segments, named)) {
    return contradiction(entry.partition, fmt::format("its manifest does not name segment {}", entry.segment.value));
  }
  state.touched.insert(entry.segment);
  return write(entry, sums);
}

// `whole`: all of the file up to here is in the journal, so that it may be missing.
Result<platform::File*> Replay::open(const std::string& path, bool whole) {
  if (const auto known = open_.find(path); known != open_.end()) return known->second.get();
  if (open_.size() >= open_files_max) open_.clear();
  auto file = store_.platform.files.open(path, whole ? platform::Open::create : platform::Open::write);
  if (!file && file.error().code == Code::not_found) {
    return fail(Code::corrupt, fmt::format("{}: the file is missing", path));
  }
  if (!file) return fail(std::move(file).error());
  return (open_[path] = *std::move(file)).get();
}

Result<> Replay::write(const DataEntry& entry, const std::string& sums) {
  const std::string stem = store_.folder(entry.partition) + "/" + segment_stem({entry.segment, 0});
  LEAT_TRY(platform::File* const log, open(stem + ".log", entry.position == 0));
  LEAT_CHECK(log->write_at(entry.position, entry.bytes));
  LEAT_TRY(platform::File* const sums_file, open(stem + ".sums", entry.ordinal == 0));
  return sums_file->write_at(std::uint64_t{entry.ordinal} * sum_bytes, sums);
}

}  // namespace leat::log
