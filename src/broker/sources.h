// broker/sources.h — named publishers: numbered, fenced, resumed exactly once.
//
// Promises
//   * A publish and the source's new last number become durable in one append: after a crash both are there or neither.
//   * open() hands a source to a new holder under a higher epoch, after what the holder before had under way is
//   decided;
//     from then on that holder gets Code::fenced.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "broker/gate.h"
#include "broker/internal_partition.h"
#include "broker/internal_records.h"
#include "log/log.h"
#include "platform/clock.h"

namespace leat::broker {

// The right to publish as a source, until somebody else opens it.
struct Holder {
  std::string source;
  std::int32_t epoch = 0;
  std::uint64_t last = 0;  // number published when it was opened
};

// Safe to use from any thread. Answers come on the log's, but for a name that is refused.
class Sources {
 public:
  // Requires: `gate` is closed before this is destroyed.
  Sources(log::Log&, platform::Clock&, InternalPartition&, std::shared_ptr<Gate> gate, std::size_t sources_max);

  // Reads back what was published. Before any use.
  Result<> read();

  // Code::invalid for a name that is not 1 to 249 of [a-zA-Z0-9._/-]; Code::unavailable when too many open it at once.
  void open(const std::string& source, Done<Result<Holder>> done);
  // Appends `parts` and the holder's new last number together; `done` and `decided` as with Log::append. Requires: the
  // holder's publish before was decided. Code::fenced, or Code::invalid unless `number` is above the last one: then
  // nothing was begun and nobody is called.
  Result<> publish(const Holder&, std::uint64_t number, std::vector<log::Part> parts,
                   Done<Result<std::vector<log::Appended>>> done, log::Decided decided);

 private:
  struct Opening {
    std::int32_t epoch;
    Done<Result<Holder>> done;
  };
  struct State {
    Progress progress;       // what is durable
    std::int32_t epoch = 0;  // of the newest holder; ahead of the durable one while that is being made so
    bool appending = false;  // at most one append of a source is undecided, so a failed one leaves no hole behind it
    std::deque<Opening> opening;
  };

  Result<> admit(const Holder&, std::uint64_t number);
  void settle(const std::string& source, Progress written, std::optional<std::uint64_t> durable_bytes);
  void hand_over(const std::string& source, Opening, std::uint64_t last);

  log::Log& log_;
  platform::Clock& clock_;
  InternalPartition& records_;
  const std::size_t sources_max_;
  const std::shared_ptr<Gate> gate_;

  std::mutex mutex_;
  std::map<std::string, State, std::less<>> states_;
};

}  // namespace leat::broker
