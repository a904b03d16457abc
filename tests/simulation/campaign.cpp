#include "campaign.h"

#include <cstdio>

#include <fmt/format.h>

namespace leat::simulation {
namespace {

constexpr std::string_view name(Trouble trouble) {
  switch (trouble) {
    case Trouble::none:
      return "power cuts";
    case Trouble::failing_syncs:
      return "power cuts and failing syncs";
    case Trouble::failing_writes:
      return "power cuts and failing writes";
    case Trouble::full_disk:
      return "power cuts and a full disk";
  }
  return "";
}

void add(Total& total, const Outcome& outcome) {
  total.crashes += static_cast<std::uint64_t>(outcome.power_cuts);
  total.at_start += static_cast<std::uint64_t>(outcome.cuts_at_start);
  total.kills += static_cast<std::uint64_t>(outcome.kills);
  total.stops += static_cast<std::uint64_t>(outcome.stops);
  total.asked += outcome.asked;
  total.acknowledged += outcome.acknowledged;
  total.events += outcome.events;
  total.reads += outcome.reads;
  total.snapshots += outcome.snapshots;
  total.refused += outcome.refused;
  total.failed += !outcome.complaints.none();
  const auto lost = outcome.complaints.count(Wrong::lost), doubled = outcome.complaints.count(Wrong::doubled),
             out_of_order = outcome.complaints.count(Wrong::out_of_order);
  total.lost += lost;
  total.doubled += doubled;
  total.out_of_order += out_of_order;
  total.other += outcome.complaints.all.size() - lost - doubled - out_of_order;
}

}  // namespace

Scenario scenario_of(std::uint64_t seed, int power_cuts) {
  constexpr Trouble troubles[] = {Trouble::failing_syncs, Trouble::full_disk, Trouble::failing_writes};
  Scenario out{.seed = seed, .power_cuts = power_cuts, .trouble = Trouble::none, .plants = {}};
  if (seed % 2 == 0) out.trouble = troubles[seed / 2 % 3];
  return out;
}

std::string Total::closing_line() const {
  return fmt::format(
      "crashes: {} (of them {} while starting or stopping; besides {} kills, {} stops), seeds {}..{}, asked: {}, "
      "acknowledged: {}, refused by a failing disk: {}, events: {}, reads: {}, snapshots: {}, lost {}, doubled {}, out "
      "of "
      "order {}, other {}",
      crashes, at_start, kills, stops, campaign.first, campaign.last, asked, acknowledged, refused, events, reads,
      snapshots, lost, doubled, out_of_order, other);
}

Total run(const Campaign& campaign) {
  Total total{.campaign = campaign};
  for (auto seed = campaign.first; seed <= campaign.last; ++seed) {
    const auto scenario = scenario_of(seed, campaign.power_cuts);
    const auto outcome = simulate(scenario);
    add(total, outcome);
    if (outcome.complaints.none() && campaign.first != campaign.last) continue;
    fmt::print("seed {} ({}, {} of them)\n{}", seed, name(scenario.trouble), scenario.power_cuts, outcome.text());
    std::fflush(stdout);
  }
  return total;
}

}  // namespace leat::simulation
