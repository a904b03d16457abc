#include "log/publisher.h"

#include <utility>

namespace leat::log {
namespace {

constexpr std::size_t spare_max = 3;

}  // namespace

// What they append now may be refused and added behind them, so they have their place before they are told.
void Publisher::add(Round round) {
  if (round.empty()) return;
  Round* mine = nullptr;
  {
    const std::lock_guard lock(mutex_);
    ++waiting_;
    mine = &rounds_.emplace_back(std::move(round));
  }
  for (const auto& append : mine->appends) append->decide();
  const std::lock_guard lock(mutex_);
  mine->ready = !mine->group;
  if (mine->group) unpublished_.push_back(mine);
}

Round* Publisher::next_group() {
  const std::lock_guard lock(mutex_);
  if (unpublished_.empty()) return nullptr;
  Round* const next = unpublished_.front();
  unpublished_.pop_front();
  return next;
}

Result<> Publisher::publish() {
  const std::lock_guard publishing(publishing_);
  while (Round* const next = next_group()) {
    publish_one(*next);
    const std::lock_guard lock(mutex_);
    next->ready = true;
  }
  return failed_ ? fail(store_.failure.error()) : Result<>{};
}

// After a failure nothing later may become visible: it would lie behind a hole.
void Publisher::publish_one(Round& round) {
  if (!failed_) {
    if (auto settled = round.group->settle(round.woken); !settled) {
      store_.failure.set(settled.error());
      failed_ = true;
    }
  }
  if (failed_) {
    for (auto& append : round.appends)
      if (append->outcome) append->outcome = fail(store_.failure.error());
  }
  round.group->clear();
}

void Publisher::answer() {
  {
    const std::lock_guard lock(mutex_);
    again_ = true;
    if (std::exchange(answering_, true)) return;
  }
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(again_, false)) {
        answering_ = false;
        break;
      }
    }
    answer_all();
  }
  answered_.notify_all();
}

void Publisher::finish() {
  answer();
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [this] { return !answering_; });
}

bool Publisher::take_ready(Round& into) {
  const std::lock_guard lock(mutex_);
  if (rounds_.empty() || !rounds_.front().ready) return false;
  into = std::move(rounds_.front());
  rounds_.pop_front();
  return true;
}

// Requires: answering_.
void Publisher::answer_all() {
  (void)publish();  // who is concerned is answered so
  for (Round next; take_ready(next);) {
    for (const auto& append : next.appends) append->answer();
    for (const auto& waiter : next.woken) waiter->fire();
    {
      const std::lock_guard lock(mutex_);
      --waiting_;
      if (next.group && spare_.size() < spare_max) spare_.push_back(std::move(next.group));
    }
    (void)publish();
  }
}

std::size_t Publisher::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

std::unique_ptr<Group> Publisher::fresh_group() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) return std::make_unique<Group>(store_);
  auto group = std::move(spare_.back());
  spare_.pop_back();
  return group;
}

std::unique_lock<std::mutex> Store::quiet() {
  std::unique_lock lock(writing);
  if (publisher) (void)publisher->publish();  // whoever writes looks for a failure anyway
  return lock;
}

}  // namespace leat::log
