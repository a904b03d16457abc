// bus/packing.h — publications as the log takes them: one part for each partition, neighbours in one batch.
#pragma once

#include <cstddef>
#include <vector>

#include "bus/bus.h"
#include "log/log.h"

namespace leat::bus {

// Where a publication went: the `record`-th of `part`.
struct Place {
  std::size_t part;
  std::int64_t record;
};

struct Packed {
  std::vector<log::Part> parts;
  std::vector<Place> places;  // one for each publication, in order
};

// Bytes of a record that somebody chose: key, value, headers.
std::size_t payload_bytes(const Record&);

// Records of one partition keep their order. A batch takes records up to about `batch_bytes`, so that readers, who get
// whole batches, can be bounded.
Packed pack(const std::vector<const Publication*>&, std::size_t batch_bytes = 256 << 10);

}  // namespace leat::bus
