// tests/simulation/simulation.h — one machine from one seed: several lives under load, each ended by a power cut, a
// kill or in order, and an examination at the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "complaints.h"
#include "machine.h"

namespace leat::simulation {

enum class Trouble {
  none,
  failing_syncs,   // now and then a flush fails, and the disk lies about it afterwards
  failing_writes,  // now and then a write fails
  full_disk,       // for some time nothing more fits
};

struct Scenario {
  std::uint64_t seed = 1;
  int power_cuts = 6;
  Trouble trouble = Trouble::none;
  Plants plants;
};

struct Outcome {
  int power_cuts = 0, cuts_at_start = 0, kills = 0, stops = 0;
  std::uint64_t asked = 0, acknowledged = 0, events = 0, reads = 0, snapshots = 0, stale_reads = 0, refused = 0;
  std::uint64_t trace = 0;         // of all that was answered and all that happened: the same seed gives the same
  std::vector<std::string> story;  // one line for each life
  Complaints complaints;

  std::string text() const;  // for people: the story, the complaints, the seed that replays it
};

Outcome simulate(const Scenario&);

}  // namespace leat::simulation
