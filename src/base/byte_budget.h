// base/byte_budget.h — one bound for all bytes that wait in memory: bodies, answers, pending appends, batches of a
// rebuild. Who gets no lease reads no socket and takes no more work. What is counted: docs/adr/0008-byte-budget.md.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/task.h"

namespace leat {

// Who takes bytes, in the order in which they may be starved. Each leaves a sixteenth of the budget more than the one
// behind it, which only those behind it can take: so what comes in never stops what goes out, and bytes always return.
enum class ByteUser : std::uint8_t {
  requests,     // bodies, from before they are read until they are answered
  read_models,  // events on their way from the bus into a read model
  connections,  // what a connection costs while it does nothing, and headers
  answers,      // what a client has not taken yet
  appends,      // what waits to be flushed
};
inline constexpr std::size_t byte_user_count = static_cast<std::size_t>(ByteUser::appends) + 1;

constexpr std::string_view name(ByteUser user) {
  switch (user) {
    case ByteUser::requests:
      return "requests";
    case ByteUser::read_models:
      return "read_models";
    case ByteUser::connections:
      return "connections";
    case ByteUser::answers:
      return "answers";
    case ByteUser::appends:
      return "appends";
  }
  return "";
}

// Invariant: leased bytes and available() together are total(). Safe to use from any thread. Outlives its leases and
// waits.
class ByteBudget {
 public:
  // Bytes that are ours until this is destroyed, given back or moved from.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() {
      if (bytes_ != 0) give_back(bytes_);
    }

    std::size_t bytes() const { return bytes_; }
    // Returns a part early, e.g. when a buffer turned out smaller. Requires: bytes <= bytes().
    void give_back(std::size_t bytes);
    // Makes one of two. Requires: both of the same user, or this one empty.
    void add(Lease other);

   private:
    friend class ByteBudget;
    Lease(ByteBudget& budget, ByteUser user, std::size_t bytes) : budget_(&budget), bytes_(bytes), user_(user) {}
    ByteBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
    ByteUser user_ = ByteUser::requests;
  };

  // A place in the queue, left by destroying this. A grant that has begun on another thread then goes on.
  class Wait {
   public:
    Wait(Wait&& other) noexcept;
    Wait& operator=(Wait&& other) noexcept;
    ~Wait();

   private:
    friend class ByteBudget;
    Wait(ByteBudget& budget, ByteUser user, std::uint64_t ticket) : budget_(&budget), ticket_(ticket), user_(user) {}
    ByteBudget* budget_;
    std::uint64_t ticket_;
    ByteUser user_;
  };

  // What one user has and had. `sheds`: work that was turned away since it got no bytes.
  struct Usage {
    std::size_t leased, waiting;
    std::uint64_t waits, sheds;
  };

  // `waiting_max`: of each user.
  explicit ByteBudget(std::size_t total, std::size_t waiting_max = 1024) : total_(total), waiting_max_(waiting_max) {}
  ~ByteBudget();
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Nothing when fewer are available to this user, or others of its kind wait already; then nothing was taken.
  std::optional<Lease> try_take(ByteUser, std::size_t bytes);
  // Queues behind those of the same user that wait; `granted` is called once, in the order of the queue, by whoever
  // gives the bytes back, or at once. Keep it short: post the rest to an executor of your own. Nothing when it would
  // wait for ever (more than most()) or too many wait already.
  std::optional<Wait> wait(ByteUser, std::size_t bytes, Done<Lease> granted);
  // Says that work was turned away; for the metrics.
  void shed(ByteUser user) { of(user).sheds.fetch_add(1, std::memory_order_relaxed); }

  std::size_t total() const { return total_; }
  std::size_t available() const { return total_ - taken_.load(std::memory_order_relaxed); }
  // What a user can have at most, when nobody else has anything.
  std::size_t most(ByteUser user) const { return total_ - leaves(user); }
  bool has_waiting(ByteUser user) const { return of(user).waiting.load(std::memory_order_relaxed) != 0; }
  Usage usage(ByteUser) const;

 private:
  struct Waiter {
    std::size_t bytes;
    Done<Lease> granted;
  };
  struct User {
    std::atomic<std::size_t> leased{0}, waiting{0};
    std::atomic<std::uint64_t> waits{0}, sheds{0};
    std::map<std::uint64_t, Waiter> queue;  // by ticket, which rises
  };
  struct Grant {
    Done<Lease> granted;
    Lease lease;
  };

  User& of(ByteUser user) { return users_[static_cast<std::size_t>(user)]; }
  const User& of(ByteUser user) const { return users_[static_cast<std::size_t>(user)]; }
  std::size_t leaves(ByteUser) const;
  std::optional<Lease> take(ByteUser, std::size_t bytes);
  void take_back(ByteUser, std::size_t bytes);
  void cancel(ByteUser, std::uint64_t ticket);
  void serve();
  std::vector<Grant> grants();

  const std::size_t total_, waiting_max_;
  std::atomic<std::size_t> taken_{0};
  std::atomic<std::size_t> waiting_{0};  // of all users; what a give-back looks at

  std::mutex mutex_;
  std::array<User, byte_user_count> users_;
  std::uint64_t next_ticket_ = 0;
  bool serving_ = false, again_ = false;
};

}  // namespace leat
