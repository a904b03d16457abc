#include "base/byte_budget.h"

#include <utility>

#include "base/result.h"

namespace leat {
namespace {

constexpr std::size_t steps = 16;  // of the budget; each user leaves one more than the user behind it

}  // namespace

ByteBudget::Lease::Lease(Lease&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)), user_(other.user_) {}

ByteBudget::Lease& ByteBudget::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  give_back(bytes_);
  budget_ = std::exchange(other.budget_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  user_ = other.user_;
  return *this;
}

void ByteBudget::Lease::give_back(std::size_t bytes) {
  LEAT_ASSERT(bytes <= bytes_);
  if (bytes == 0) return;
  bytes_ -= bytes;
  budget_->take_back(user_, bytes);
}

void ByteBudget::Lease::add(Lease other) {
  LEAT_ASSERT(bytes_ == 0 || other.bytes_ == 0 || user_ == other.user_);
  if (bytes_ == 0) user_ = other.user_;
  if (budget_ == nullptr) budget_ = other.budget_;
  bytes_ += std::exchange(other.bytes_, 0);
}

ByteBudget::Wait::Wait(Wait&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), ticket_(other.ticket_), user_(other.user_) {}

// What was waited for here before is left with `other`.
ByteBudget::Wait& ByteBudget::Wait::operator=(Wait&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(ticket_, other.ticket_);
  std::swap(user_, other.user_);
  return *this;
}

ByteBudget::Wait::~Wait() {
  if (budget_ != nullptr) budget_->cancel(user_, ticket_);
}

ByteBudget::~ByteBudget() { LEAT_ASSERT(taken_ == 0 && waiting_ == 0); }

std::size_t ByteBudget::leaves(ByteUser user) const {
  return (byte_user_count - 1 - static_cast<std::size_t>(user)) * (total_ / steps);
}

std::optional<ByteBudget::Lease> ByteBudget::try_take(ByteUser user, std::size_t bytes) {
  if (of(user).waiting.load(std::memory_order_relaxed) != 0) return std::nullopt;
  return take(user, bytes);
}

std::optional<ByteBudget::Lease> ByteBudget::take(ByteUser user, std::size_t bytes) {
  const std::size_t bound = most(user);
  std::size_t taken = taken_.load();
  do {
    if (taken > bound || bytes > bound - taken) return std::nullopt;
  } while (!taken_.compare_exchange_weak(taken, taken + bytes));
  of(user).leased.fetch_add(bytes, std::memory_order_relaxed);
  return Lease(*this, user, bytes);
}

// Either this sees the one that has just begun to wait, or that one, which looks again once it is in the queue, sees
// these bytes: both numbers are changed before the other is read, in one order for all threads.
void ByteBudget::take_back(ByteUser user, std::size_t bytes) {
  of(user).leased.fetch_sub(bytes, std::memory_order_relaxed);
  taken_.fetch_sub(bytes);
  if (waiting_.load() != 0) serve();
}

std::optional<ByteBudget::Wait> ByteBudget::wait(ByteUser user, std::size_t bytes, Done<Lease> granted) {
  if (bytes > most(user)) return std::nullopt;
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    User& queued = of(user);
    if (queued.queue.size() >= waiting_max_) return std::nullopt;
    ticket = next_ticket_++;
    queued.queue.emplace(ticket, Waiter{bytes, std::move(granted)});
    queued.waits.fetch_add(1, std::memory_order_relaxed);
    ++queued.waiting;
    ++waiting_;
  }
  serve();
  return Wait(*this, user, ticket);
}

void ByteBudget::cancel(ByteUser user, std::uint64_t ticket) {
  std::map<std::uint64_t, Waiter>::node_type cancelled;  // destroyed after the lock was let go
  {
    const std::lock_guard lock(mutex_);
    cancelled = of(user).queue.extract(ticket);
    if (cancelled.empty()) return;
    --of(user).waiting;
    --waiting_;
  }
  serve();  // who stood behind it may want less
}

// Grants are called by one thread at a time, without the lock: in their order, and never one within another, however
// many give back at once what they were granted.
void ByteBudget::serve() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(serving_, true)) {
      again_ = true;
      return;
    }
  }
  for (;;) {
    for (Grant& grant : grants()) grant.granted(std::move(grant.lease));
    const std::lock_guard lock(mutex_);
    if (std::exchange(again_, false)) continue;
    serving_ = false;
    return;
  }
}

// Those that are last to be starved are first to be served.
std::vector<ByteBudget::Grant> ByteBudget::grants() {
  std::vector<Grant> out;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = byte_user_count; i-- > 0;) {
    User& user = users_[i];
    while (!user.queue.empty()) {
      auto lease = take(static_cast<ByteUser>(i), user.queue.begin()->second.bytes);
      if (!lease) break;
      out.push_back({std::move(user.queue.begin()->second.granted), *std::move(lease)});
      user.queue.erase(user.queue.begin());
      --user.waiting;
      --waiting_;
    }
  }
  return out;
}

ByteBudget::Usage ByteBudget::usage(ByteUser user) const {
  const User& asked = of(user);
  return {.leased = asked.leased.load(std::memory_order_relaxed),
          .waiting = asked.waiting.load(std::memory_order_relaxed),
          .waits = asked.waits.load(std::memory_order_relaxed),
          .sheds = asked.sheds.load(std::memory_order_relaxed)};
}

}  // namespace leat
