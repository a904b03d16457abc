// bus/packing.h — publications as the log takes them: one part for each partition, neighbours in one batch.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "bus/bus.h"
#include "log/log.h"
#include "log/record_batch.h"

namespace leat::bus {

// Where a publication went: the `record`-th of `part`.
struct Place {
  std::size_t part;
  std::int64_t record;
};

// Copies records as they come. Those of one partition keep their order. A batch takes records up to about
// `batch_bytes`, so that readers, who get whole batches, can be bounded.
class Packer {
 public:
  explicit Packer(std::size_t batch_bytes = 256 << 10) : batch_bytes_(batch_bytes) {}

  Place add(const Publication&);
  // All that was added, to be appended. Afterwards the packer is as new.
  std::vector<log::Part> finish();

 private:
  struct Growing {
    log::Part part;
    log::BatchBuilder batch;
    std::int64_t records = 0;
  };

  std::size_t batch_bytes_;
  std::vector<Growing> parts_;
  std::map<log::PartitionId, std::size_t> part_of_;
};

}  // namespace leat::bus
