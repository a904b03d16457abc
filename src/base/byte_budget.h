// base/byte_budget.h — one bound for all bytes that wait in memory: frames, pending appends, rebuild batches. Who gets
// no lease reads no socket and takes no more work.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>

namespace leat {

// Invariant: leased bytes and available() together are total(). Safe to use from any thread. Outlives its leases.
class ByteBudget {
 public:
  // Bytes that are ours until this is destroyed, given back or moved from.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { give_back(bytes_); }

    std::size_t bytes() const { return bytes_; }
    // Returns a part early, e.g. when a buffer turned out smaller. Requires: bytes <= bytes().
    void give_back(std::size_t bytes);

   private:
    friend class ByteBudget;
    Lease(ByteBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {}
    ByteBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

  explicit ByteBudget(std::size_t total) : total_(total), available_(total) {}
  ~ByteBudget();
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Nothing when fewer are available; then nothing was taken. What is larger than total() never gets any: limits on
  // single things must be smaller than the budget.
  std::optional<Lease> try_take(std::size_t bytes);

  std::size_t total() const { return total_; }
  std::size_t available() const { return available_.load(std::memory_order_relaxed); }

 private:
  const std::size_t total_;
  std::atomic<std::size_t> available_;
};

}  // namespace leat
