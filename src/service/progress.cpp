#include "service/progress.h"

#include <algorithm>

namespace leat::service {

bool Progress::concerns(TopicId topic) const {
  return std::find(topics_.begin(), topics_.end(), topic) != topics_.end();
}

bool Progress::reached_locked(const std::vector<bus::Position>& needed) const {
  return std::all_of(needed.begin(), needed.end(), [&](const bus::Position& position) {
    if (!concerns(position.topic) || position.next <= Offset{0}) return true;
    const auto found = positions_.find({position.topic, position.partition});
    return found != positions_.end() && found->second.next >= position.next;
  });
}

bool Progress::reached(const std::vector<bus::Position>& needed) const {
  const std::lock_guard lock(mutex_);
  return reached_locked(needed);
}

void Progress::advance(const std::vector<bus::Position>& positions) {
  std::vector<Task> woken;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& position : positions) positions_[{position.topic, position.partition}] = position;
    std::erase_if(waiters_, [&](Waiter& waiter) {
      if (!reached_locked(waiter.needed)) return false;
      woken.push_back(std::move(waiter.wake));
      return true;
    });
  }
  for (auto& wake : woken) wake();
}

void Progress::when_reached(std::vector<bus::Position> needed, const void* who, Task wake) {
  {
    const std::lock_guard lock(mutex_);
    if (!reached_locked(needed)) {
      waiters_.push_back({std::move(needed), who, std::move(wake)});
      return;
    }
  }
  wake();
}

void Progress::forget(const void* who) {
  std::vector<Waiter> left;  // destroyed when the lock is free: it may hold what holds this
  const std::lock_guard lock(mutex_);
  std::erase_if(waiters_, [&](Waiter& waiter) {
    if (waiter.who != who) return false;
    left.push_back(std::move(waiter));
    return true;
  });
}

std::size_t Progress::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

void Progress::abandon() {
  std::vector<Waiter> left;  // destroyed when the lock is free: it may hold what holds this
  const std::lock_guard lock(mutex_);
  left.swap(waiters_);
}

std::vector<bus::Position> Progress::positions() const {
  const std::lock_guard lock(mutex_);
  std::vector<bus::Position> out;
  for (const auto& [partition, position] : positions_) out.push_back(position);
  return out;
}

Offset Progress::at(const bus::Position& end) const {
  const std::lock_guard lock(mutex_);
  const auto found = positions_.find({end.topic, end.partition});
  return found == positions_.end() ? Offset{0} : found->second.next;
}

}  // namespace leat::service
