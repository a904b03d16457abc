// Random work, power cuts at every point of it and of what follows, and an oracle that forgets nothing.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "log/test_trial.h"

namespace leat::log {
namespace {

struct Seeds {
  std::uint64_t first, last;
};

// Few in the usual run. LEAT_CRASH_SEEDS=1000-200000 makes it a campaign.
Seeds seeds(std::uint64_t usual) {
  Seeds range{1, usual};
  if (const char* asked = std::getenv("LEAT_CRASH_SEEDS")) {
    LEAT_ASSERT(std::sscanf(asked, "%" SCNu64 "-%" SCNu64, &range.first, &range.last) == 2);
  }
  return range;
}

struct Case {
  const char* name;
  std::vector<End> ends;  // one for each seed, in turn
  Terms terms;
};

std::optional<std::string> broken_by_random_ends(std::uint64_t seed, const Case& one) {
  Trial trial(seed, one.terms);
  const auto end = [&] { return one.ends[trial.choose(one.ends.size())]; };
  for (int life = 0; life < 6 && !trial.broken(); ++life) {
    trial.live(1 + trial.choose(400), 60, end());
    // Another end during recovery, and another one in the next.
    for (std::uint64_t again = trial.choose(6); again > 0; --again) trial.live(1 + trial.choose(60), 2, end());
    if (!trial.broken()) trial.settle();
  }
  return trial.broken();
}

const std::vector<Case> cases = {
    {"power cuts", {End::power}, {}},
    {"kills", {End::process}, {}},
    {"both", {End::power, End::process}, {}},
    {"smallest journal", {End::power, End::process}, {.journal_bytes = 4096}},
    {"many partitions", {End::power, End::process}, {.journal_bytes = 4096, .partitions = 200}},
};

TEST(LogCrash, KeepsItsPromisesOverRandomEnds) {
  for (const Case& one : cases) {
    const auto [first, last] = seeds(100);
    for (std::uint64_t seed = first; seed <= last; ++seed) {
      const auto broken = broken_by_random_ends(seed, one);
      ASSERT_FALSE(broken) << one.name << ", seed " << seed << ": " << *broken;
    }
  }
}

TEST(LogCrash, KeepsItsPromisesWhereverTheEndComes) {
  constexpr std::uint64_t seed = 5;
  Trial whole(seed);
  whole.live(1'000'000, 40, End::power);
  for (const End end : {End::power, End::process}) {
    for (std::uint64_t operation = 1; operation <= whole.operations(); ++operation) {
      Trial trial(seed);
      trial.live(operation, 40, end);
      trial.live(1 + operation % 17, 0, end);
      trial.settle();
      ASSERT_FALSE(trial.broken()) << "operation " << operation << ": " << *trial.broken();
    }
  }
}

// The tests of the tests: each planted fault must be seen.
TEST(LogCrash, FindsPlantedFaults) {
  for (const Case& one : {Case{"skip a flush", {End::power}, {.faults = {.skip_flush = true}}},
                          Case{"acknowledge early", {End::power}, {.faults = {.acknowledge_early = true}}},
                          Case{"cut below the end", {End::power}, {.faults = {.cut_below_durable_end = true}}}}) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) found += broken_by_random_ends(seed, one).has_value();
    EXPECT_GE(found, 5) << one.name;
  }
}

}  // namespace
}  // namespace leat::log
