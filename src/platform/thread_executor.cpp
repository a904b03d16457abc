#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <pthread.h>

#include "platform/real.h"

namespace leat::platform {
namespace {

struct Timer {
  Instant due;
  std::uint64_t number;  // ties go in the order of their posts
  Task task;
  friend bool operator<(const Timer& a, const Timer& b) {
    return std::tie(b.due, b.number) < std::tie(a.due, a.number);  // reversed: the heap's top is the earliest
  }
};

// A queue under one mutex. Wake-ups are what costs, so they are few: a post wakes a thread only when one sleeps that
// has not been woken already, and a single thread takes all that is waiting at once.
class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor(const std::string& name, unsigned threads) : single_(threads == 1) {
    for (unsigned i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { work(); });
      // The kernel keeps 15 characters; the number must not be what is cut.
      const auto shown = threads == 1 ? name.substr(0, 15) : fmt::format("{}-{}", name.substr(0, 12), i);
      ::pthread_setname_np(threads_.back().native_handle(), shown.substr(0, 15).c_str());
    }
  }

  ~ThreadExecutor() override {
    for (const auto& thread : threads_) LEAT_ASSERT(thread.get_id() != std::this_thread::get_id());
    stopping_ = true;
    {
      const std::lock_guard held(mutex_);
    }  // nobody is between looking at stopping_ and going to sleep
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    // What dies with a task may post again; such a task dies in its turn, and the lock is not held meanwhile.
    for (auto left = take_all(); !left.empty(); left = take_all()) left.clear();
  }

  void post(Task task) override {
    std::unique_lock held(mutex_);
    ready_.push_back(std::move(task));
    ++queued_;
    wake_one(held);
  }

  void post_after(Duration delay, Task task) override {
    const Instant due = std::chrono::steady_clock::now() + delay;
    const std::lock_guard held(mutex_);
    timers_.push_back({due, timers_posted_++, std::move(task)});
    std::push_heap(timers_.begin(), timers_.end());
    // Every sleeper wakes no later than the earliest timer, so that whichever is free then takes it.
    if (timers_.front().number + 1 == timers_posted_) wake_.notify_all();
  }

  std::size_t queued() const override { return queued_; }

 private:
  // Requires: `held` holds; it no longer does afterwards, so that the woken thread does not run into the lock.
  void wake_one(std::unique_lock<std::mutex>& held) {
    const bool somebody = asleep_ > woken_;
    if (somebody) ++woken_;
    held.unlock();
    if (somebody) wake_.notify_one();
  }

  void work() {
    std::deque<Task> batch;
    while (next(batch)) {
      for (; !batch.empty() && !stopping_; batch.pop_front()) {
        --queued_;
        std::move(batch.front())();
      }
      batch.clear();
    }
  }

  // Waits for work; false when there will be none.
  bool next(std::deque<Task>& batch) {
    std::unique_lock held(mutex_);
    for (;;) {
      if (stopping_) return false;
      take_due();
      if (!ready_.empty()) break;
      sleep(held);
    }
    if (single_) {
      batch.swap(ready_);
      return true;
    }
    batch.push_back(std::move(ready_.front()));
    ready_.pop_front();
    return true;
  }

  void sleep(std::unique_lock<std::mutex>& held) {
    ++asleep_;
    if (timers_.empty()) {
      wake_.wait(held);
    } else {
      wake_.wait_until(held, Instant(timers_.front().due));
    }
    --asleep_;
    if (woken_ > 0) --woken_;
  }

  void take_due() {
    if (timers_.empty()) return;
    const Instant now = std::chrono::steady_clock::now();
    while (!timers_.empty() && timers_.front().due <= now) {
      std::pop_heap(timers_.begin(), timers_.end());
      ready_.push_back(std::move(timers_.back().task));
      ++queued_;
      timers_.pop_back();
    }
  }

  std::deque<Task> take_all() {
    const std::lock_guard held(mutex_);
    std::deque<Task> all;
    all.swap(ready_);
    for (auto& timer : timers_) all.push_back(std::move(timer.task));
    timers_.clear();
    queued_ = 0;
    return all;
  }

  const bool single_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> ready_;
  std::vector<Timer> timers_;  // a heap
  std::uint64_t timers_posted_ = 0;
  unsigned asleep_ = 0;
  unsigned woken_ = 0;  // never more than the sleepers who were notified and have not looked yet
  std::atomic<std::size_t> queued_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Executor> ThreadExecutors::open(std::string name, unsigned threads) {
  LEAT_ASSERT(threads >= 1);
  return std::make_unique<ThreadExecutor>(name, threads);
}

}  // namespace leat::platform
