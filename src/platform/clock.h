// platform/clock.h — the seam to time. Wall time is for people, events and retention; monotonic time for every wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leat::platform {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;  // monotonic; meaningless between lives

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t unix_ms() = 0;  // wall clock; may jump either way
  virtual Instant now() = 0;           // never goes back
};

// RFC 3339 UTC with fixed milliseconds ("2026-11-21T23:51:24.000Z"), so that text order is time order.
std::string rfc3339(std::int64_t unix_ms);

// Milliseconds since 1970 of an RFC 3339 time with any offset; what is finer than a millisecond is cut. Nothing when
// `text` is not one.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace leat::platform
