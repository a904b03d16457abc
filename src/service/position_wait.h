// service/position_wait.h — read what you wrote: a query waits, without a thread, until what it must see is there.
#pragma once

#include <map>
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
  std::vector<bus::Position> positions;                      // of each partition the furthest one
  std::map<std::string, std::uint64_t, std::less<>> tokens;  // service, outbox number
  bool empty() const { return positions.empty() && tokens.empty(); }
};
// Code::invalid when it is not one, or not of this bus.
Result<Wanted> parse_wanted(std::string_view header, const Uuid& bus);

// How a wait ended: every read model is there, the patience was over first, or a read model will never be there, since
// it has stopped or another generation has taken its place.
enum class Waited { there, late, ended };

// Calls `go` exactly once. What it waits for is what keeps it alive.
class PositionWait : public std::enable_shared_from_this<PositionWait> {
 public:
  using Go = std::move_only_function<void(Waited)>;

  static void begin(Wanted, std::vector<std::shared_ptr<Generation>>, std::shared_ptr<const Relays>,
                    platform::Duration patience, platform::Executor& timers, Go);

 private:
  PositionWait(Wanted wanted, std::vector<std::shared_ptr<Generation>> read_models, Go go)
      : wanted_(std::move(wanted)), read_models_(std::move(read_models)), go_(std::move(go)) {}

  void resolve_tokens(std::shared_ptr<const Relays>);
  void wait_for(std::size_t read_model);
  void add(const std::vector<bus::Position>&);
  void finish(Waited);
  bool finished();

  std::mutex mutex_;
  Wanted wanted_;  // positions grow while tokens are resolved, one after the other
  std::weak_ptr<Relay> asked_;
  std::vector<std::shared_ptr<Generation>> read_models_;
  Go go_;  // empty: done, and nothing is held any more
};

}  // namespace leat::service
