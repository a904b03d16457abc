// tests/simulation/campaign.h — many seeds, one closing line.
#pragma once

#include <cstdint>
#include <string>

#include "simulation.h"

namespace leat::simulation {

struct Campaign {
  std::uint64_t first = 1, last = 100;
  int power_cuts = 6;
};

// What a seed is about: every other one has a disk that fails besides losing power.
Scenario scenario_of(std::uint64_t seed, int power_cuts);

struct Total {
  Campaign campaign;
  std::uint64_t crashes = 0, at_start = 0, kills = 0, stops = 0, asked = 0, acknowledged = 0, events = 0, reads = 0,
                snapshots = 0, refused = 0, failed = 0;
  std::uint64_t lost = 0, doubled = 0, out_of_order = 0, other = 0;

  std::string closing_line() const;
};

// Tells the story of each seed that fails, and of a seed that is alone.
Total run(const Campaign&);

}  // namespace leat::simulation
