// bus/delivery.h — a delivery while it is filled: slices of the log, and views into them.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bus/bus.h"
#include "log/log.h"

namespace leat::bus {

class DeliveryBuilder {
 public:
  // Adds the records of `slice` at or after `from`; the bytes are kept, not copied. Control batches give no records.
  // Code::invalid naming the codec of a compressed batch; then nothing of the slice was added.
  Result<> add(PartitionIndex, Offset from, log::Slice slice);
  void reached(Position position) { delivery_.positions.push_back(position); }

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return delivery_.positions.empty(); }
  Delivery finish(bool at_end);

 private:
  Result<> add_batch(PartitionIndex, Offset from, std::string_view batch);

  Delivery delivery_;
  // A deque: its strings stay where they are, which the views rely on.
  std::shared_ptr<std::deque<std::string>> slices_ = std::make_shared<std::deque<std::string>>();
  std::size_t bytes_ = 0;
};

}  // namespace leat::bus
