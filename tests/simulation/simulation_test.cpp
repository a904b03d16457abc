// The whole chain, crashed. Any failure names its seed: `simulate --seeds SEED` tells its story again.
#include "simulation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "campaign.h"

namespace leat::simulation {
namespace {

constexpr std::uint64_t seeds_each = 100;
constexpr int power_cuts = 6;

// Five slices, so that they run side by side.
class Crashes : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Crashes, LoseNothingDoubleNothingAndKeepTheOrder) {
  const auto first = GetParam();
  const auto total = run({.first = first, .last = first + seeds_each - 1, .power_cuts = power_cuts});
  fmt::print("{}\n", total.closing_line());
  EXPECT_EQ(total.failed, 0u);
  EXPECT_GE(total.crashes, seeds_each * power_cuts);
  EXPECT_GT(total.acknowledged, total.crashes);  // or it would be a test of idle machines
}

INSTANTIATE_TEST_SUITE_P(Simulation, Crashes, testing::Range<std::uint64_t>(1, 5 * seeds_each, seeds_each),
                         [](const auto& info) { return fmt::format("FromSeed{}", info.param); });

// The seed at which the oracles complain first; 0: they never do. Without the plant they are content with all of them
// (Crashes).
std::uint64_t first_seed_that_finds(const Plants& plants, std::uint64_t seeds_max) {
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
    auto scenario = scenario_of(seed, power_cuts);
    scenario.plants = plants;
    if (!simulate(scenario).complaints.none()) return seed;
  }
  return 0;
}

struct Plant {
  const char* name;
  Plants plants;
  friend void PrintTo(const Plant& plant, std::ostream* out) { *out << plant.name; }
};

class PlantedBug : public testing::TestWithParam<Plant> {};

TEST_P(PlantedBug, IsFound) {
  const auto found = first_seed_that_finds(GetParam().plants, seeds_each);
  EXPECT_NE(found, 0u);
  RecordProperty("seeds", std::to_string(found));
  fmt::print("{}: found by seed {}\n", GetParam().name, found);
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, PlantedBug,
    testing::Values(Plant{"SkippedFlush", {.log = {.skip_flush = true}, .service = {}}},
                    Plant{"EarlyAcknowledgement", {.log = {.acknowledge_early = true}, .service = {}}},
                    Plant{"CutBelowDurableEnd", {.log = {.cut_below_durable_end = true}, .service = {}}},
                    Plant{"PositionOutsideTransaction", {.log = {}, .service = {.position_outside_transaction = true}}},
                    Plant{"AnswersOutsideTransaction", {.log = {}, .service = {.answers_outside_transaction = true}}},
                    Plant{"AcknowledgementBeforeCommit", {.log = {}, .service = {.acknowledge_before_commit = true}}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Simulation, TheSameSeedGivesTheSameTrace) {
  for (const std::uint64_t seed : {3, 4, 8, 12}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    EXPECT_EQ(simulate(scenario_of(seed, power_cuts)).trace, simulate(scenario_of(seed, power_cuts)).trace);
  }
}

}  // namespace
}  // namespace leat::simulation
