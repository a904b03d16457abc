#include "platform/sim_executors.h"

#include <algorithm>

namespace leat::platform {

SimExecutors::~SimExecutors() { LEAT_ASSERT(open_count_ == 0); }

std::unique_ptr<Executor> SimExecutors::open(std::string, unsigned threads) {
  LEAT_ASSERT(threads >= 1);
  return std::make_unique<SimExecutor>(*this, threads);
}

bool SimExecutors::run_one(Chance& chance) {
  ready_what_is_due();
  if (ready_.empty()) return false;
  const std::size_t picked = chance.below(ready_.size());
  SimExecutor* executor = ready_[picked];
  Task task = executor->take(chance);
  if (executor->tasks_.empty()) ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(picked));
  executor->running_ = true;
  task();
  task = nullptr;  // what it owned may post or end other executors; that belongs to its run
  executor->running_ = false;
  ++tasks_run_;
  return true;
}

std::optional<Instant> SimExecutors::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return std::max(timers_.begin()->first.first, clock_.now());
}

void SimExecutors::ready_what_is_due() {
  const Instant now = clock_.now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto timer = timers_.extract(timers_.begin());
    timer.mapped().executor->post(std::move(timer.mapped().task));
  }
}

SimExecutor::~SimExecutor() {
  LEAT_ASSERT(!running_);  // never from one of its own tasks
  ended_ = true;
  std::erase(all_.ready_, this);
  std::vector<Task> unrun;
  for (auto timer = all_.timers_.begin(); timer != all_.timers_.end();) {
    const auto next = std::next(timer);
    if (timer->second.executor == this) unrun.push_back(std::move(all_.timers_.extract(timer).mapped().task));
    timer = next;
  }
  tasks_.clear();
  unrun.clear();
  --all_.open_count_;
}

void SimExecutor::post(Task task) {
  if (ended_) return;  // what dies with a task may post again: that task dies too
  if (tasks_.empty()) all_.ready_.push_back(this);
  tasks_.push_back(std::move(task));
}

void SimExecutor::post_after(Duration delay, Task task) {
  if (ended_) return;
  const Instant due = all_.clock_.now() + std::max(delay, Duration(0));
  all_.timers_.emplace(std::pair(due, all_.timers_posted_++), SimExecutors::Timer{this, std::move(task)});
}

Task SimExecutor::take(Chance& chance) {
  const std::size_t among = std::min<std::size_t>(threads_, tasks_.size());
  const auto picked = tasks_.begin() + static_cast<std::ptrdiff_t>(among == 1 ? 0 : chance.below(among));
  Task task = std::move(*picked);
  tasks_.erase(picked);
  return task;
}

}  // namespace leat::platform
