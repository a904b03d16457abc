// log/segment_scrub.h — reads a whole segment, checks every batch, and goes on behind what is damaged: so all damage is
// found, each with the offsets that it costs, and all that is still good.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "log/batch_walk.h"
#include "log/damage.h"
#include "log/unreadable.h"

namespace leat::log {

class SegmentScrub {
 public:
  // What is to be read: `extent` of a segment that begins at `base` and behind which `next` comes. A segment is
  // published before its partition is, so in a running log it may reach further than `next` already.
  struct Target {
    PartitionId partition;
    SegmentName name;
    Extent extent;
    Offset next;
  };
  // Good batches, one directly after the other.
  struct Piece {
    std::uint64_t begin, end;
  };

  SegmentScrub(std::shared_ptr<SegmentFiles> files, const Target& target);

  // Looks at `bytes` more, or a little more than that. False when everything has been looked at.
  bool step(std::uint64_t bytes);
  std::uint64_t position() const { return position_; }
  // Found so far, ascending.
  const std::vector<Damage>& damages() const { return damages_; }
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  void walk_from(const IndexEntry& place);
  void keep(const BatchWalk::Batch& batch);
  void skip(const Error& why);
  IndexEntry resume(const IndexEntry& damaged);
  std::optional<IndexEntry> find_batch(std::string_view bytes, const IndexEntry& damaged, std::uint64_t position) const;
  void load_sums();
  bool has_sum(std::uint32_t ordinal, std::string_view header) const;

  const std::shared_ptr<SegmentFiles> disk_;
  PatientFile* log_ = nullptr;  // of files_
  const SegmentFiles files_;    // those of disk_, whose bad sectors are passed over
  const Target target_;
  const HeaderSum sum_;
  std::optional<BatchWalk> walk_;
  std::uint64_t position_ = 0;
  std::optional<std::vector<std::uint32_t>> sums_;  // read when they are needed to find the way
  std::vector<Damage> damages_;
  std::vector<Piece> pieces_;
};

// Opens the files of a segment for reading; one that is missing reads as empty.
Result<std::shared_ptr<SegmentFiles>> open_what_is_there(platform::Files&, const std::string& folder, SegmentName);

}  // namespace leat::log
