#include "log/publisher.h"

#include <utility>

namespace leat::log {
namespace {

constexpr std::size_t spare_max = 3;

}  // namespace

// What they append now may be refused and added behind them, so they have their place before they are told.
void Publisher::add(Flushed flushed) {
  Flushed* mine = nullptr;
  {
    const std::lock_guard lock(mutex_);
    mine = &unpublished_.emplace_back(std::move(flushed));
    ++waiting_;
    telling_ = true;
  }
  for (const auto& append : mine->appends) append->decide();
  const std::lock_guard lock(mutex_);
  telling_ = false;
}

void Publisher::add_refused(std::unique_ptr<Pending> append) {
  const std::lock_guard lock(mutex_);
  unpublished_.emplace_back().appends.push_back(std::move(append));
  ++waiting_;
}

bool Publisher::take_unpublished(Flushed& into) {
  const std::lock_guard lock(mutex_);
  if (telling_ || unpublished_.empty()) return false;
  into = std::move(unpublished_.front());
  unpublished_.pop_front();
  return true;
}

bool Publisher::take_unanswered(Flushed& into) {
  const std::lock_guard lock(mutex_);
  if (unanswered_.empty()) return false;
  into = std::move(unanswered_.front());
  unanswered_.pop_front();
  return true;
}

Result<> Publisher::publish() {
  const std::lock_guard publishing(publishing_);
  for (Flushed next; take_unpublished(next);) {
    publish_one(next);
    const std::lock_guard lock(mutex_);
    unanswered_.push_back(std::move(next));
  }
  return failed_ ? fail(store_.failure.error()) : Result<>{};
}

// After a failure nothing later may become visible: it would lie behind a hole.
void Publisher::publish_one(Flushed& flushed) {
  if (!flushed.group) return;
  if (!failed_) {
    if (auto settled = flushed.group->settle(flushed.woken); !settled) {
      store_.failure.set(settled.error());
      failed_ = true;
    }
  }
  if (failed_) {
    for (auto& append : flushed.appends) append->outcome = fail(store_.failure.error());
  }
  flushed.group->clear();
  const std::lock_guard lock(mutex_);
  if (spare_.size() < spare_max) spare_.push_back(std::move(flushed.group));
}

void Publisher::answer() {
  const std::lock_guard answering(answering_);
  answer_all();
}

bool Publisher::try_answer() {
  const std::unique_lock answering(answering_, std::try_to_lock);
  if (answering) answer_all();
  return answering.owns_lock();
}

// Requires: answering_.
void Publisher::answer_all() {
  for (;;) {
    (void)publish();  // who is concerned is answered so
    Flushed next;
    if (!take_unanswered(next)) return;
    for (const auto& append : next.appends) append->answer();
    for (const auto& waiter : next.woken) waiter->fire();
    const std::lock_guard lock(mutex_);
    --waiting_;
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
