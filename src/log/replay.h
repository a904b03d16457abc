// log/replay.h — writes what the journal holds into the segments again and works out where every partition ends.
//
// Idempotent: a crash during replay is followed by the same replay.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "log/journal_scan.h"
#include "log/store.h"

namespace leat::log {

// What the journal says of one partition.
struct Replayed {
  Offset segment;
  Extent extent;
  Offset next;
  std::vector<EpochStart> epochs;  // that its manifest may not know
  std::set<Offset> touched;        // segments that were written again
};

// Adds an epoch to a history, in place of those in which nothing was written.
void add_epoch(std::vector<EpochStart>& history, EpochStart epoch);

class Replay {
 public:
  // `manifests` of all partitions whose folder has one. `looking`: batches of one that has none are passed over, since
  // that has been told already.
  Replay(Store& store, const std::map<PartitionId, Manifest>& manifests, bool looking)
      : store_(store), manifests_(manifests), looking_(looking) {}

  // Code::corrupt, naming the file, when the journal contradicts itself or the manifests.
  Result<> run(const std::vector<JournalFile>& live);

  std::map<PartitionId, Replayed>& partitions() { return partitions_; }
  const std::set<PartitionId>& removed() const { return removed_; }

 private:
  void find_removals(const std::vector<JournalFile>& live);
  Result<> apply(const JournalFile& file, const JournalFile::Group& group);
  Result<> apply(const DataEntry&);
  Result<> apply(const EndEntry&, bool snapshot);
  // Whether the entry speaks of a partition that a later group removes.
  bool moot(PartitionId id, std::uint64_t sequence) const;
  Result<> enter_segment(Replayed& state, const DataEntry& entry);
  Result<> write(const DataEntry& entry, const std::string& sums);
  Result<platform::File*> open(const std::string& path, bool whole);

  Store& store_;
  const std::map<PartitionId, Manifest>& manifests_;
  const bool looking_;
  std::map<PartitionId, Replayed> partitions_;
  std::map<PartitionId, std::uint64_t> removals_;  // by sequence
  std::set<PartitionId> removed_;                  // and not made again
  std::map<std::string, std::unique_ptr<platform::File>> open_;
};

}  // namespace leat::log
