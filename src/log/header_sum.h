// log/header_sum.h — the checksum of what Kafka's CRC leaves out of a batch: its bytes 0 to 20. Kept in the segment's
// `.sums` file, four bytes for each batch in order. The partition goes into it, so that a batch of another partition in
// the right place is no batch of this one. Format: docs/formats/segment.md.
#pragma once

#include "base/crc32c.h"
#include "log/batch_layout.h"
#include "log/layout.h"

namespace leat::log {

inline constexpr std::size_t sum_bytes = 4;

class HeaderSum {
 public:
  explicit HeaderSum(PartitionId id) : seed_(crc32c(text(id))) {}
  // Requires: `batch` holds a header.
  std::uint32_t of(std::string_view batch) const { return crc32c(batch.substr(0, batch_layout::attributes), seed_); }
  std::uint32_t seed() const { return seed_; }

 private:
  std::uint32_t seed_;
};

}  // namespace leat::log
