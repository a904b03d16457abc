// bus/embedded_reader.h — a reader of the embedded bus: passes over its partitions, woken by appends.
#pragma once

#include <memory>
#include <vector>

#include "broker/broker.h"
#include "bus/bus.h"
#include "bus/crew.h"

namespace leat::bus {

class EmbeddedReader final : public Reader {
 public:
  // Requires: at least one position; all of one topic, each of another partition of it.
  EmbeddedReader(broker::Broker&, std::shared_ptr<Crew>, const std::vector<Position>& from);
  ~EmbeddedReader() override;

  void next(std::size_t bytes_max, Done<Result<Delivery>> done) override;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace leat::bus
