// platform/random.h — the seam to chance.
#pragma once

#include <array>
#include <cstdint>

#include "base/uuid.h"

namespace leat::platform {

// Safe to use from any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // uniform over 64 bits; from the kernel's generator in production

  std::array<std::uint8_t, 16> bytes16() {
    std::array<std::uint8_t, 16> out;
    for (int half = 0; half < 2; ++half) {
      std::uint64_t word = next();
      for (int i = 0; i < 8; ++i, word >>= 8) out[half * 8 + i] = static_cast<std::uint8_t>(word);
    }
    return out;
  }
};

}  // namespace leat::platform
