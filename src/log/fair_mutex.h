// log/fair_mutex.h — a mutex that is had in the order in which it was asked for.
//
// std::mutex goes to whoever is awake: the flusher, which takes the write lock anew as soon as it has let go of it,
// would keep it from everybody else for as long as there is something to flush.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace leat::log {

class FairMutex {
 public:
  void lock() {
    std::unique_lock held(mutex_);
    const std::uint64_t turn = asked_++;
    changed_.wait(held, [&] { return turn == served_; });
  }
  void unlock() {
    const std::lock_guard held(mutex_);
    ++served_;
    if (served_ != asked_) changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t asked_ = 0, served_ = 0;
};

}  // namespace leat::log
