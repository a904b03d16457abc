// platform/chance.h — the seeded generator of the simulated world (SplitMix64). Not for ids or secrets.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace leat::platform {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound), but for a bias too small to see. Requires: bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    LEAT_ASSERT(bound > 0);
    return next() % bound;
  }

  // True in `in_256` of 256 cases.
  bool toss(unsigned in_256) { return below(256) < in_256; }

  // A generator of its own, so that one part's use does not shift another's.
  Chance fork() { return Chance(next()); }

 private:
  std::uint64_t state_;
};

// How likely what was not synced survives one crash. Extremes are as likely as mixtures: tosses of a fair coin alone
// would never keep all, or nothing, of a hundred sectors.
inline unsigned survival_in_256(Chance& chance) {
  switch (chance.below(4)) {
    case 0:
      return 0;
    case 1:
      return 256;
    case 2:
      return 128;
    default:
      return static_cast<unsigned>(chance.below(257));
  }
}

}  // namespace leat::platform
