#include "platform/real.h"

namespace leat::platform {

std::int64_t RealClock::unix_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Instant RealClock::now() { return std::chrono::steady_clock::now(); }

}  // namespace leat::platform
