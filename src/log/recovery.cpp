#include "log/recovery.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/damage.h"

namespace leat::log {
namespace {

class Recoverer {
 public:
  Recoverer(Store& store, std::vector<Damage>* findings)
      : store_(store), files_(store.platform.files), findings_(findings) {}
  Result<Recovered> run();

 private:
  Result<> load_manifests();
  Result<> settle_folders(Replay&);
  Result<> adopt_unfinished(PartitionId, const Manifest&, Replay&);
  Result<> discard_unfinished(PartitionId);
  Result<> open_partition(PartitionId, const Replayed&);
  std::size_t add_epochs(Manifest&, const Replayed&) const;
  Result<> check_end(const Manifest&, const Replayed&) const;
  Result<> clean_leftovers(const Manifest&) const;
  Result<> sync_live_journal(const JournalScan&);
  Result<> replay_journal(Replay&, JournalScan&);
  void open_blindly(Manifest&);
  // An error of `done`, unless it is damage and those are collected.
  Result<> note(Result<> done);
  bool looking() const { return findings_ != nullptr; }
  std::unexpected<Error> damaged(PartitionId id, std::string_view what) const {
    return fail(Code::corrupt, fmt::format("{}/{}: {}", store_.folder(id), manifest_name, what));
  }

  Store& store_;
  platform::Files& files_;
  std::vector<Damage>* const findings_;
  std::map<PartitionId, Manifest> manifests_;
  std::set<PartitionId> without_manifest_;
  std::set<PartitionId> unreadable_;  // with a manifest that says nothing; empty unless looking
  Recovered out_;
};

Result<> Recoverer::note(Result<> done) {
  if (done || !looking() || done.error().code != Code::corrupt) return done;
  findings_->push_back(damage_of(done.error()));
  return {};
}

Result<> Recoverer::load_manifests() {
  LEAT_TRY(const auto names, files_.list(store_.partitions_folder()));
  for (const std::string& name : names) {
    const auto id = parse_partition(name);
    if (!id) continue;
    auto manifest = load_manifest(files_, store_.folder(*id));
    if (!manifest && manifest.error().code == Code::not_found) {
      without_manifest_.insert(*id);
      continue;
    }
    if (manifest && manifest->id != *id)
      manifest = fail(Code::corrupt, fmt::format("{}/{}: bytes [10, 30): it is of partition {}", store_.folder(*id),
                                                 manifest_name, text(manifest->id)));
    if (!manifest) {
      LEAT_CHECK(note(fail(std::move(manifest).error())));
      unreadable_.insert(*id);
      continue;
    }
    manifests_.emplace(*id, *std::move(manifest));
  }
  return {};
}

// A folder without a manifest that the journal does not know: creating or removing it was cut short.
Result<> Recoverer::discard_unfinished(PartitionId id) {
  LEAT_TRY(const auto names, files_.list(store_.folder(id)));
  for (const std::string& name : names) {
    if (name != manifest_beside_name && !parse_segment_file(name)) return damaged(id, "the file is missing");
    if (!name.ends_with(".log")) continue;
    LEAT_TRY(const auto file, files_.open(store_.folder(id) + "/" + name, platform::Open::read));
    LEAT_TRY(const auto size, file->size());
    if (size > 0) return damaged(id, "the file is missing");
  }
  return platform::remove_tree(files_, store_.folder(id));
}

// A whole partition that the journal does not know: it was made, but create() did not return. It stays, if it is empty.
Result<> Recoverer::adopt_unfinished(PartitionId id, const Manifest& manifest, Replay& replay) {
  const auto& first = manifest.segments.front();
  if (manifest.segments.size() > 1 || first.name != SegmentName{}) return damaged(id, "the journal does not know it");
  const std::string stem = store_.folder(id) + "/" + segment_stem(first.name);
  for (const std::string_view extension : {".log", ".sums"}) {
    LEAT_TRY(const auto file, files_.open(stem + std::string(extension), platform::Open::create));
    LEAT_TRY(const auto size, file->size());
    if (size > 0) return damaged(id, "it holds batches, but the journal does not know it");
  }
  LEAT_CHECK(files_.sync_directory(store_.folder(id)));
  LEAT_CHECK(files_.sync_directory(store_.partitions_folder()));
  replay.partitions().try_emplace(id);
  out_.rotate = true;
  return {};
}

// Brings the folders to what the journal says exists.
Result<> Recoverer::settle_folders(Replay& replay) {
  for (const PartitionId id : replay.removed()) {
    manifests_.erase(id);
    without_manifest_.erase(id);
    LEAT_TRY(const bool exists, files_.exists(store_.folder(id)));
    if (exists) LEAT_CHECK(platform::remove_tree(files_, store_.folder(id)));
  }
  for (const auto& [id, state] : replay.partitions()) {
    if (manifests_.contains(id) || unreadable_.contains(id)) continue;
    LEAT_CHECK(note(damaged(id, "the file is missing")));
    without_manifest_.erase(id);
  }
  for (const PartitionId id : without_manifest_) LEAT_CHECK(note(discard_unfinished(id)));
  for (const auto& [id, manifest] : manifests_) {
    if (!replay.partitions().contains(id)) LEAT_CHECK(note(adopt_unfinished(id, manifest, replay)));
  }
  return files_.sync_directory(store_.partitions_folder());
}

// The manifest and the journal must tell the same story of where the partition ends.
Result<> Recoverer::check_end(const Manifest& manifest, const Replayed& state) const {
  const auto& segments = manifest.segments;
  if (state.segment > segments.back().name.base) {
    return damaged(manifest.id, fmt::format("the journal is in segment {} already", state.segment.value));
  }
  if (state.segment == segments.back().name.base) return {};
  // The last roll came after all that the journal knows of.
  if (segments.back().name.base != state.next)
    return damaged(manifest.id, "its last segment does not begin at the end");
  if (state.next <= manifest.settled) return {};
  const auto at = std::ranges::find(segments, SegmentName{state.segment, 0}, &SegmentEntry::name);
  if (at == segments.end() || at->sealed != state.extent) {
    return damaged(manifest.id, fmt::format("segment {} does not end where the journal does", state.segment.value));
  }
  return {};
}

// Files of segments that the manifest does not name: deleted, replaced, or not yet begun.
Result<> Recoverer::clean_leftovers(const Manifest& manifest) const {
  const std::string folder = store_.folder(manifest.id);
  LEAT_TRY(const auto names, files_.list(folder));
  for (const std::string& name : names) {
    const auto segment = parse_segment_file(name);
    const bool beside = name == manifest_beside_name;
    if (!beside && !segment) continue;
    const std::string path = folder + "/" + name;
    if (!beside) {
      if (std::ranges::find(manifest.segments, *segment, &SegmentEntry::name) != manifest.segments.end()) continue;
      LEAT_TRY(const auto file, files_.open(path, platform::Open::read));
      LEAT_TRY(const auto size, file->size());
      const bool expected = segment->generation > 0 || segment->base < manifest.settled || size == 0;
      if (!expected) {
        return fail(Code::corrupt,
                    fmt::format("{}: bytes [0, {}): a segment that the manifest does not name", path, size));
      }
    }
    LEAT_CHECK(files_.remove(path));
  }
  return {};
}

// Completes the manifest's history. Returns how much of it the manifest on disk has already.
std::size_t Recoverer::add_epochs(Manifest& manifest, const Replayed& state) const {
  const std::vector<EpochStart> stored = manifest.epochs;
  for (const EpochStart& epoch : state.epochs) add_epoch(manifest.epochs, epoch);
  if (!out_.report.clean) add_epoch(manifest.epochs, {manifest.epochs.back().epoch + 1, state.next});
  const auto same = [](const EpochStart& a, const EpochStart& b) { return a.epoch == b.epoch && a.start == b.start; };
  return static_cast<std::size_t>(std::ranges::mismatch(stored, manifest.epochs, same).in1 - stored.begin());
}

Result<> Recoverer::open_partition(PartitionId id, const Replayed& state) {
  Manifest& manifest = manifests_.at(id);
  if (auto ends = check_end(manifest, state); !ends) {
    LEAT_CHECK(note(std::move(ends)));
    open_blindly(manifest);
    return {};
  }
  const bool in_last = state.segment == manifest.segments.back().name.base;
  const Extent end = in_last ? state.extent : Extent{};
  const std::string folder = store_.folder(id);
  LEAT_CHECK(files_.sync_directory(folder));  // the manifest stands before what it replaces is deleted
  LEAT_CHECK(note(clean_leftovers(manifest)));
  Partition::Segments segments;
  for (const SegmentEntry& entry : manifest.segments) {
    const bool last = &entry == &manifest.segments.back();
    auto segment = std::make_shared<Segment>(store_.open_files, folder, id, entry.name, last ? end : entry.sealed);
    // A segment that nothing was written to yet: its manifest may have come to the disk before its files' names.
    if (last && !in_last) LEAT_CHECK(segment->create());
    auto cut = segment->check_and_cut(state.touched.contains(entry.name.base));
    if (!cut && !(looking() && cut.error().code == Code::corrupt)) return fail(cut.error());  // a scrub says more of it
    out_.report.segment_bytes_cut += cut.value_or(0);
    if (!last) segment->seal();
    if (state.touched.contains(entry.name.base)) store_.dirty.insert(segment);
    segments.push_back(std::move(segment));
  }
  if (!in_last) LEAT_CHECK(files_.sync_directory(folder));
  const std::size_t stored = add_epochs(manifest, state);
  store_.partitions.add(std::make_shared<Partition>(store_.open_files, folder, std::move(manifest), stored,
                                                    std::move(segments), end, state.next));
  return {};
}

// What replay has read may be in memory only. It must not vanish once a reader has seen it. The last file is emptied
// behind its last group, and cut, but never below the length that its groups speak of. That also gives it its size
// anew: a flush that failed may have lost what lies beyond that length, and says so only once.
Result<> Recoverer::sync_live_journal(const JournalScan& scan) {
  for (const JournalFile& file : scan.live) {
    LEAT_TRY(const auto opened, files_.open(file.path, platform::Open::write));
    if (&file == &scan.live.back()) {
      LEAT_CHECK(opened->truncate(file.size));
      LEAT_CHECK(opened->write_at(file.end, std::string(file.size - file.end, '\0')));
    }
    LEAT_CHECK(opened->sync());
  }
  return {};
}

// Without a word of the journal: everything but the last segment.
void Recoverer::open_blindly(Manifest& manifest) {
  const std::string folder = store_.folder(manifest.id);
  Partition::Segments segments;
  for (const SegmentEntry& entry : manifest.segments) {
    segments.push_back(std::make_shared<Segment>(store_.open_files, folder, manifest.id, entry.name, entry.sealed));
    segments.back()->seal();
  }
  const Offset end = manifest.segments.back().name.base;
  const std::size_t stored = manifest.epochs.size();
  store_.partitions.add(std::make_shared<Partition>(store_.open_files, folder, std::move(manifest), stored,
                                                    std::move(segments), Extent{}, end));
}

Result<> Recoverer::replay_journal(Replay& replay, JournalScan& scan) {
  LEAT_TRY(scan, scan_journal(files_, store_.journal_folder(), store_.options.faults.cut_below_durable_end));
  const bool fresh = scan.live.empty();
  if (fresh && (!manifests_.empty() || !without_manifest_.empty())) {
    return fail(Code::corrupt,
                fmt::format("{}: the journal is missing, but there are partitions", store_.journal_folder()));
  }
  out_.report = {
      .clean = fresh || scan.clean, .journal_bytes_read = scan.bytes_read, .journal_bytes_cut = scan.bytes_cut};
  out_.rotate = fresh || !scan.clean;
  return replay.run(scan.live);
}

Result<Recovered> Recoverer::run() {
  LEAT_CHECK(files_.make_directory(store_.journal_folder()));
  LEAT_CHECK(files_.make_directory(store_.partitions_folder()));
  // A process that was killed may have left names, here and in the folders below, that a power cut would still take.
  LEAT_CHECK(files_.sync_directory(store_.directory));
  LEAT_CHECK(files_.sync_directory(store_.journal_folder()));
  LEAT_CHECK(load_manifests());
  Replay replay(store_, manifests_, looking());
  JournalScan scan;
  if (auto replayed = replay_journal(replay, scan); !replayed) {
    LEAT_CHECK(note(std::move(replayed)));
    for (auto& [id, manifest] : manifests_) open_blindly(manifest);
    return std::move(out_);
  }
  // What the journal says must stand before anything is deleted because of it.
  if (out_.rotate && !looking()) LEAT_CHECK(sync_live_journal(scan));
  LEAT_CHECK(settle_folders(replay));
  for (const auto& [id, state] : replay.partitions()) {
    if (manifests_.contains(id)) LEAT_CHECK(open_partition(id, state));
  }
  if (looking()) return std::move(out_);
  LEAT_TRY(store_.journal, Journal::open(files_, store_.platform.random, store_.journal_folder(),
                                         store_.options.journal_bytes, scan.place));
  return std::move(out_);
}

}  // namespace

Result<Recovered> recover(Store& store, std::vector<Damage>* findings) { return Recoverer(store, findings).run(); }

}  // namespace leat::log
