#include "log/repair.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/json.h"
#include "log/damage.h"
#include "log/layout.h"
#include "log/rewriter.h"

namespace leat::log {
namespace {

constexpr std::size_t copy_bytes = 4 << 20;

// Joins ranges that touch or overlap.
std::vector<OffsetRange> joined(std::vector<OffsetRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<OffsetRange> out;
  for (const OffsetRange& range : ranges) {
    if (range.first >= range.next) continue;
    if (out.empty() || out.back().next < range.first)
      out.push_back(range);
    else
      out.back().next = std::max(out.back().next, range.next);
  }
  return out;
}

class PartitionRepair {
 public:
  PartitionRepair(Store& store, Inspection& inspection, const Inspection::PartitionFinding& finding)
      : store_(store), inspection_(inspection), finding_(finding), partition_(*finding.partition) {}

  Result<> run() {
    LEAT_CHECK(record());
    LEAT_CHECK(keep_damaged_files());
    LEAT_TRY(const Manifest next, rewrite());
    LEAT_CHECK(store_manifest(files(), folder(), next));
    // A start would do it too.
    for (const auto& segment : finding_.segments) {
      if (replaces(segment))
        LEAT_CHECK(Segment(store_.open_files, folder(), partition_.id(), segment.name, {}).remove_files());
    }
    return files().sync_directory(folder());
  }

 private:
  platform::Files& files() { return store_.platform.files; }
  std::string folder() const { return store_.folder(partition_.id()); }
  // What only the journal has must not be left to it: once the manifest is settled there, it is not asked any more.
  static bool replaces(const Inspection::SegmentFinding& segment) { return segment.damaged || segment.replayed; }
  bool empty_tail(const Inspection::SegmentFinding& segment) const {
    return segment.name.base == partition_.tail.next && partition_.tail.segment->name() == segment.name;
  }

  // One line of JSON for each loss, durable before anything else is.
  Result<> record() {
    std::string lines;
    for (const Damage& damage : finding_.damages) {
      lines += json::serialize(json::object{{"time", platform::rfc3339(store_.platform.clock.unix_ms())},
                                            {"partition", text(partition_.id())},
                                            {"first", damage.lost->first.value},
                                            {"next", damage.lost->next.value},
                                            {"damage", text(damage)}}) +
               "\n";
    }
    LEAT_TRY(const auto file, files().open(store_.directory + "/repairs", platform::Open::create));
    LEAT_TRY(const std::uint64_t size, file->size());
    LEAT_CHECK(file->write_at(size, lines));
    LEAT_CHECK(file->sync());
    return files().sync_directory(store_.directory);
  }

  Result<> keep_damaged_files() {
    const std::string kept = store_.directory + "/damaged";
    LEAT_CHECK(files().make_directory(kept));
    for (const auto& segment : finding_.segments) {
      if (!segment.damaged) continue;
      for (const std::string_view extension : {".log", ".sums"}) {
        const std::string name = segment_stem(segment.name) + std::string(extension);
        LEAT_CHECK(copy(folder() + "/" + name, fmt::format("{}/{}-{}", kept, text(partition_.id()), name)));
      }
    }
    LEAT_CHECK(files().sync_directory(kept));
    return files().sync_directory(store_.directory);
  }
  Result<> copy(const std::string& from, const std::string& to) {
    const auto source = files().open(from, platform::Open::read);
    if (!source && source.error().code == Code::not_found) return {};
    if (!source) return fail(source.error());
    LEAT_TRY(const auto target, files().open(to, platform::Open::create));
    LEAT_CHECK(target->truncate(0));
    for (std::uint64_t at = 0;;) {
      const auto bytes = read_some(**source, at, copy_bytes);
      if (!bytes || bytes->empty()) break;  // what cannot be read cannot be kept either
      LEAT_CHECK(target->write_at(at, *bytes));
      at += bytes->size();
    }
    return target->sync();
  }

  // Writes the new segments and returns the manifest that will name them.
  Result<Manifest> rewrite() {
    Manifest next = partition_.manifest();
    std::uint32_t generation = 0;
    for (const auto& segment : finding_.segments) generation = std::max(generation, segment.name.generation);
    ++generation;
    for (std::size_t i = 0; i < finding_.segments.size(); ++i) {
      const auto& segment = finding_.segments[i];
      if (!replaces(segment)) continue;
      if (empty_tail(segment)) {  // nothing was in it; its files are missing
        LEAT_CHECK(Segment(store_.open_files, folder(), partition_.id(), segment.name, {}).create());
        continue;
      }
      LEAT_TRY(next.segments[i], rewrite(segment, generation));
      const bool last = i + 1 == finding_.segments.size();
      next.settled = std::max(next.settled, last ? partition_.tail.next : finding_.segments[i + 1].name.base);
      if (last) next.segments.push_back({SegmentName{partition_.tail.next}, {}});
    }
    for (const Damage& damage : finding_.damages) next.lost.push_back(*damage.lost);
    next.lost = joined(std::move(next.lost));
    return next;
  }
  Result<SegmentEntry> rewrite(const Inspection::SegmentFinding& segment, std::uint32_t generation) {
    LEAT_TRY(const auto from, inspection_.open(partition_.id(), segment.name));
    Rewriter rewriter(store_, partition_.id(), generation, std::numeric_limits<std::uint64_t>::max());
    for (const auto& piece : segment.good) {
      for (std::uint64_t at = piece.begin; at < piece.end;) {
        LEAT_TRY(const std::string batches, whole_batches(*from->log, at, piece.end));
        LEAT_CHECK(rewriter.add(batches, segment.name.base));
        at += batches.size();
      }
    }
    LEAT_CHECK(rewriter.finish(segment.name.base));
    return rewriter.entries().front();
  }
  // As many as fit into memory, at least one. Requires: good batches fill [at, end).
  static Result<std::string> whole_batches(platform::File& log, std::uint64_t at, std::uint64_t end) {
    for (std::size_t wanted = copy_bytes;; wanted *= 2) {
      LEAT_TRY(std::string bytes, read_some(log, at, std::min<std::uint64_t>(wanted, end - at)));
      std::size_t size = 0;
      while (bytes.size() - size >= batch_header_bytes) {
        LEAT_TRY(const BatchHeader header, read_header(std::string_view(bytes).substr(size)));
        if (header.size_bytes() > bytes.size() - size) break;
        size += header.size_bytes();
      }
      bytes.resize(size);
      if (size > 0) return bytes;
      if (wanted >= end - at) return fail(Code::corrupt, "good batches have become bad ones");
    }
  }

  Store& store_;
  Inspection& inspection_;
  const Inspection::PartitionFinding& finding_;
  const Partition& partition_;
};

// What the inspection has read of it may be in memory only, and a repair that stands must not outlive it.
Result<> sync_journal(Store& store) {
  auto& files = store.platform.files;
  LEAT_TRY(const auto names, files.list(store.journal_folder()));
  for (const std::string& name : names) {
    if (!parse_journal(name)) continue;
    LEAT_TRY(const auto file, files.open(store.journal_folder() + "/" + name, platform::Open::write));
    LEAT_CHECK(file->sync());
  }
  LEAT_CHECK(files.sync_directory(store.directory));
  return files.sync_directory(store.journal_folder());
}

}  // namespace

Result<std::vector<Damage>> give_up_damaged(platform::Platform platform, const std::string& directory,
                                            Inspection& inspection) {
  if (!inspection.fundamental().empty())
    return fail(Code::corrupt, text(inspection.fundamental().front()) + ": no repair can pass over that");
  Store store{.platform = platform, .directory = directory};
  LEAT_CHECK(sync_journal(store));
  std::vector<Damage> given_up;
  for (const auto& finding : inspection.partitions()) {
    if (finding.damages.empty()) continue;
    LEAT_CHECK(PartitionRepair(store, inspection, finding).run());
    given_up.insert(given_up.end(), finding.damages.begin(), finding.damages.end());
  }
  return given_up;
}

}  // namespace leat::log
