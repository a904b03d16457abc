// log/waiter.h — who wants to know that a durable end has moved.
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "base/strong.h"
#include "base/task.h"

namespace leat::log {

// Fires once at most.
class Waiter {
 public:
  explicit Waiter(Task wake) : wake_(std::move(wake)) {}
  void fire() {
    if (!fired_.exchange(true)) wake_();
  }
  void cancel() { fired_ = true; }
  // What the waiting one holds: letting go of it cancels, also when this waiter has been taken already to be fired.
  static std::shared_ptr<void> handle(std::shared_ptr<Waiter> waiter) {
    void* const at = waiter.get();
    return {at, [waiter = std::move(waiter)](void*) { waiter->cancel(); }};
  }

 private:
  Task wake_;
  std::atomic<bool> fired_ = false;
};

class Waiters {
 public:
  void add(Offset seen, const std::shared_ptr<Waiter>& waiter) {
    std::erase_if(waiting_, [](const auto& one) { return one.second.expired(); });
    waiting_.emplace_back(seen, waiter);
  }
  // Moves those who have seen less than `end` to `woken`.
  void take(Offset end, std::vector<std::shared_ptr<Waiter>>& woken) {
    std::erase_if(waiting_, [&](const auto& one) {
      if (one.first >= end) return false;
      if (auto waiter = one.second.lock()) woken.push_back(std::move(waiter));
      return true;
    });
  }

 private:
  std::vector<std::pair<Offset, std::weak_ptr<Waiter>>> waiting_;
};

}  // namespace leat::log
