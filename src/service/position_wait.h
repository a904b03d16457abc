// service/position_wait.h — read what you wrote: a query waits, without a thread, until what it must see is there.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/position.h"
#include "platform/platform.h"
#include "service/generation.h"
#include "service/relays.h"

namespace leat::service {

// `Leat-Position` of a request, taken apart: positions, and tokens of outbox rows that were not yet on the bus.
struct Wanted {
  std::vector<bus::Position> positions;
  std::vector<std::pair<std::string, std::uint64_t>> tokens;  // service, outbox number
  bool empty() const { return positions.empty() && tokens.empty(); }
};
// Code::invalid when it is not one, or not of this bus.
Result<Wanted> parse_wanted(std::string_view header, const Uuid& bus);

// Calls `go` exactly once: with false when every read model is there, with true (stale) after `patience` or when one of
// them has stopped. Keeps itself alive until then.
class PositionWait : public std::enable_shared_from_this<PositionWait> {
 public:
  using Go = std::move_only_function<void(bool stale)>;

  static void begin(Wanted, std::vector<std::shared_ptr<Generation>>, std::shared_ptr<const Relays>,
                    platform::Duration patience, platform::Executor& timers, Go);

 private:
  PositionWait(Wanted wanted, std::vector<std::shared_ptr<Generation>> read_models, Go go)
      : wanted_(std::move(wanted)), read_models_(std::move(read_models)), go_(std::move(go)) {}

  void resolve_tokens(std::shared_ptr<const Relays>);
  void wait_for(std::size_t read_model);
  void finish(bool stale);
  bool finished();

  Wanted wanted_;  // positions grow while tokens are resolved, one after the other
  std::mutex mutex_;
  std::weak_ptr<Relay> asked_;
  std::vector<std::shared_ptr<Generation>> read_models_;
  Go go_;  // empty: done, and nothing is held any more
};

}  // namespace leat::service
