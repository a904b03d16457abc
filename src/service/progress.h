// service/progress.h — how far a read model has come, and who waits for it to come further.
#pragma once

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/task.h"
#include "bus/position.h"

namespace leat::service {

// Positions that are committed together with their effect. Safe from any thread.
class Progress {
 public:
  explicit Progress(std::vector<TopicId> topics) : topics_(std::move(topics)) {}

  // Wakes those whose positions are reached by this.
  void advance(const std::vector<bus::Position>& positions);

  // Positions of other topics count as reached: this read model does not depend on them.
  bool reached(const std::vector<bus::Position>& needed) const;
  // `wake` is called once: with true when it is reached, with false when it will not be, since end() was called. Either
  // may be here and now.
  using Wake = std::move_only_function<void(bool reached)>;
  void when_reached(std::vector<bus::Position> needed, const void* who, Wake wake);
  // `who` waits no longer: a position that never comes must not be waited for for ever.
  void forget(const void* who);

  // Nothing will move any more; tells all who wait.
  void end();

  std::vector<bus::Position> positions() const;
  // Where this read model stands in the partition of `end`; the start of the log when it has seen nothing of it.
  Offset at(const bus::Position& end) const;
  std::size_t waiting() const;

 private:
  struct Waiter {
    std::vector<bus::Position> needed;  // those not known to be reached
    const void* who;
    Wake wake;
  };
  bool reached_locked(const bus::Position& needed) const;
  bool now_reached_locked(std::vector<bus::Position>& needed) const;
  bool concerns(TopicId topic) const;

  const std::vector<TopicId> topics_;
  mutable std::mutex mutex_;
  std::map<std::pair<TopicId, PartitionIndex>, bus::Position> positions_;
  std::vector<Waiter> waiters_;
  bool ended_ = false;
};

}  // namespace leat::service
