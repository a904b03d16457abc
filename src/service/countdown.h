// service/countdown.h — one answer for several things that end at different times.
#pragma once

#include <utility>

#include "base/result.h"
#include "base/task.h"

namespace leat::service {

// Calls `done` when all that was begun has ended, with the first failure. One thread.
class Countdown {
 public:
  explicit Countdown(Done<Result<>> done) : done_(std::move(done)) {}

  void begin() { ++left_; }
  void end(Result<> result) {
    if (!result && first_) first_ = std::move(result);
    if (--left_ == 0) std::exchange(done_, nullptr)(std::move(first_));
  }

 private:
  Done<Result<>> done_;
  Result<> first_;
  std::size_t left_ = 0;
};

}  // namespace leat::service
