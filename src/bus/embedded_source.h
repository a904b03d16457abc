// bus/embedded_source.h — a named source of the embedded bus.
//
// At most one append of a source is undecided; what is published meanwhile waits and shares the next one. So publishes
// may be pipelined, and yet none can become durable behind one that failed. After a failure of any kind the source
// accepts nothing more: the numbers in between would be lost without anybody noticing.
#pragma once

#include <memory>
#include <vector>

#include "broker/broker.h"
#include "bus/bus.h"
#include "bus/crew.h"
#include "bus/embedded.h"

namespace leat::bus {

class EmbeddedSource final : public Source {
 public:
  EmbeddedSource(broker::Broker&, std::shared_ptr<Crew>, EmbeddedOptions, broker::Holder);
  ~EmbeddedSource() override;

  std::uint64_t last_published() const override;
  void publish(std::vector<Publication>, Done<Result<std::vector<Position>>> done) override;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace leat::bus
