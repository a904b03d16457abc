// log/inspection.h — looks at every byte of a log that nobody has open, and changes none: recovery is tried in memory,
// then every segment is read to its end. What `leat verify` tells and what log/repair.h stands on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "log/overlay_files.h"
#include "log/segment_scrub.h"
#include "log/store.h"

namespace leat::log {

class Inspection {
 public:
  struct SegmentFinding {
    SegmentName name;
    bool damaged = false;
    bool replayed = false;  // the journal holds some of it, which the disk may not
    std::vector<SegmentScrub::Piece> good;
  };
  struct PartitionFinding {
    std::shared_ptr<Partition> partition;  // as recovery would have it
    std::vector<SegmentFinding> segments;
    std::vector<Damage> damages;  // of these; each says what is lost
  };

  // Requires: the caller holds the directory's lock. Fails only when the disk does; damage is what it is for.
  static Result<std::unique_ptr<Inspection>> of(platform::Platform, std::string directory);

  // Of the journal, of manifests, of folders: what a repair cannot pass over.
  const std::vector<Damage>& fundamental() const { return fundamental_; }
  const std::vector<PartitionFinding>& partitions() const { return partitions_; }
  bool damaged() const;
  std::uint64_t bytes() const { return bytes_; }  // of batches looked at

  // What is still good from `from` on, as Log::read. Code::corrupt at a damaged place.
  Result<Slice> read(PartitionId, Offset from, std::size_t bytes_max) const;
  Result<Bounds> bounds(PartitionId) const;
  // A segment's files as they would be after recovery.
  Result<std::shared_ptr<SegmentFiles>> open(PartitionId, SegmentName);

 private:
  Inspection(platform::Platform, std::string directory);
  Result<PartitionFinding> look_at(std::shared_ptr<Partition> partition);

  OverlayFiles files_;
  Store store_;
  std::vector<Damage> fundamental_;
  std::vector<PartitionFinding> partitions_;
  std::uint64_t bytes_ = 0;
};

}  // namespace leat::log
