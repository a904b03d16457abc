// service/backoff.h — how long to wait before something is tried again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "platform/clock.h"
#include "platform/random.h"

namespace leat::service {

// Doubles from `min` to `max`. Each wait is by chance between half of that and all of it, so that those who wait for
// the same disk do not all come at once. One thread.
class Backoff {
 public:
  Backoff(platform::Duration min, platform::Duration max) : min_(min), max_(max), next_(min) {}

  platform::Duration next(platform::Random& random) {
    const auto whole = std::exchange(next_, std::min(next_ * 2, max_));
    const auto half = whole / 2;
    return half +
           platform::Duration(static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(half.count() + 1)));
  }
  void reset() { next_ = min_; }

 private:
  const platform::Duration min_, max_;
  platform::Duration next_;
};

// What /readyz and the status say of a part that waits for room.
inline std::string paused_without_space(const Error& error) { return "paused: no space: " + error.what; }

}  // namespace leat::service
