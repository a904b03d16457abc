// log/rewriter.h — writes batches into segments of a new generation, beside those that they shall replace. Nothing
// names them before a manifest does.
#pragma once

#include "log/store.h"

namespace leat::log {

class Rewriter {
 public:
  // Requires: no segment of `id` has this generation.
  Rewriter(Store& store, PartitionId id, std::uint32_t generation, std::uint64_t segment_bytes)
      : store_(store), id_(id), generation_(generation), segment_bytes_(segment_bytes), sum_(id) {}

  // Takes whole batches; their offsets stand in them already. The first segment begins at `base_if_first`.
  Result<> add(std::string_view batches, Offset base_if_first);
  // Makes all of it durable. Even with nothing kept there is a segment to stand for what was there. After a failed
  // flush of the folder the log must not go on: the store's failure is set.
  Result<> finish(Offset base_if_empty);

  const Partition::Segments& segments() const { return segments_; }
  const std::vector<SegmentEntry>& entries() const { return entries_; }

 private:
  Result<> begin(Offset base);
  Result<> write(std::string_view batch, const BatchHeader& header);

  Store& store_;
  const PartitionId id_;
  const std::uint32_t generation_;
  const std::uint64_t segment_bytes_;
  const HeaderSum sum_;
  Partition::Segments segments_;
  std::vector<SegmentEntry> entries_;
};

}  // namespace leat::log
