// log/batch_walk.h — goes through the batches of one segment in order and looks at each before it is believed: its sum,
// its offset after the one before, and (Depth::whole) its CRC. The first that is wrong ends the walk with
// Code::corrupt, naming file and range.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "log/header_sum.h"
#include "log/manifest.h"
#include "log/offset_index.h"
#include "log/open_files.h"

namespace leat::log {

class BatchWalk {
 public:
  enum class Depth { headers, whole };
  struct Rules {
    HeaderSum sum;
    bool gaps;  // offsets may be missing: a compacted segment
    Depth depth = Depth::whole;
    std::uint64_t trusted_until;  // bytes before this were verified earlier
  };
  struct Batch {
    BatchHeader header;
    IndexEntry place;
  };

  // From the batch at `from` to `limit` bytes, reading `window` bytes at a time or a little more.
  BatchWalk(const SegmentFiles& files, Rules rules, const IndexEntry& from, std::uint64_t limit, std::size_t window)
      : files_(files), rules_(rules), at_(from), limit_(limit), window_bytes_(window) {}

  // False at the limit.
  Result<bool> next(Batch& into);
  // Where the next batch will be.
  const IndexEntry& place() const { return at_; }
  // The size of the next batch if all of it is in memory; otherwise 0.
  std::size_t buffered_next() const;
  // The bytes between two places, all of which lie in the last window. Ends the walk.
  std::string take(std::uint64_t begin, std::uint64_t end) &&;

 private:
  Result<std::string_view> at_least(std::size_t size);
  std::string_view in_window() const;
  Result<> check_sum(std::string_view header);
  std::unexpected<Error> damaged(std::uint64_t size, std::string_view why) const;

  const SegmentFiles& files_;
  const Rules rules_;
  IndexEntry at_;
  const std::uint64_t limit_;
  const std::size_t window_bytes_;
  std::string window_;
  std::uint64_t window_begin_ = 0;
  std::vector<std::uint32_t> sums_;
  std::uint32_t sums_begin_ = 0;
};

// Up to `size` bytes of a file from `position`.
Result<std::string> read_some(platform::File&, std::uint64_t position, std::size_t size);

}  // namespace leat::log
