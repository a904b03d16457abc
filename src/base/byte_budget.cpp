#include "base/byte_budget.h"

#include <utility>

#include "base/result.h"

namespace leat {

ByteBudget::Lease::Lease(Lease&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

ByteBudget::Lease& ByteBudget::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  give_back(bytes_);
  budget_ = std::exchange(other.budget_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void ByteBudget::Lease::give_back(std::size_t bytes) {
  LEAT_ASSERT(bytes <= bytes_);
  bytes_ -= bytes;
  if (budget_ != nullptr) budget_->available_.fetch_add(bytes, std::memory_order_relaxed);
}

ByteBudget::~ByteBudget() { LEAT_ASSERT(available_ == total_); }

std::optional<ByteBudget::Lease> ByteBudget::try_take(std::size_t bytes) {
  // Relaxed is enough: the number bounds memory, it publishes nothing.
  std::size_t available = available_.load(std::memory_order_relaxed);
  do {
    if (bytes > available) return std::nullopt;
  } while (!available_.compare_exchange_weak(available, available - bytes, std::memory_order_relaxed));
  return Lease(*this, bytes);
}

}  // namespace leat
