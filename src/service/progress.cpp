#include "service/progress.h"

#include <algorithm>

namespace leat::service {

bool Progress::concerns(TopicId topic) const {
  return std::find(topics_.begin(), topics_.end(), topic) != topics_.end();
}

bool Progress::reached_locked(const bus::Position& needed) const {
  if (!concerns(needed.topic) || needed.next <= Offset{0}) return true;
  const auto found = positions_.find({needed.topic, needed.partition});
  return found != positions_.end() && found->second.next >= needed.next;
}

// Takes off what is reached, up to the first that is not: a waiter costs one look each time something moves, however
// much it waits for.
bool Progress::now_reached_locked(std::vector<bus::Position>& needed) const {
  while (!needed.empty() && reached_locked(needed.back())) needed.pop_back();
  return needed.empty();
}

bool Progress::reached(const std::vector<bus::Position>& needed) const {
  const std::lock_guard lock(mutex_);
  return std::all_of(needed.begin(), needed.end(), [&](const auto& position) { return reached_locked(position); });
}

void Progress::advance(const std::vector<bus::Position>& positions) {
  std::vector<Wake> woken;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& position : positions) positions_[{position.topic, position.partition}] = position;
    std::erase_if(waiters_, [&](Waiter& waiter) {
      if (!now_reached_locked(waiter.needed)) return false;
      woken.push_back(std::move(waiter.wake));
      return true;
    });
  }
  for (auto& wake : woken) wake(true);
}

void Progress::when_reached(std::vector<bus::Position> needed, const void* who, Wake wake) {
  bool reached = false;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(needed, [&](const auto& position) { return reached_locked(position); });
    reached = needed.empty();
    if (!reached && !ended_) {
      needed.shrink_to_fit();
      waiters_.push_back({std::move(needed), who, std::move(wake)});
      return;
    }
  }
  wake(reached);
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

void Progress::end() {
  std::vector<Waiter> left;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    left.swap(waiters_);
  }
  for (auto& waiter : left) waiter.wake(false);
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
