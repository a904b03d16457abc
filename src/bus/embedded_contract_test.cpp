// The embedded bus keeps the contract of the seam: on files, threads and chance that are simulated, and on real ones.
#include "bus/contract_test.h"
#include "bus/embedded_bench_test.h"

namespace leat::bus::contract {
namespace {

const std::set<Ability> everything{Ability::reopen, Ability::forget,  Ability::epochs,
                                   Ability::times,  Ability::fencing, Ability::cutting};

std::vector<Kind> kinds() {
  std::vector<Kind> out;
  for (std::uint64_t seed = 1; seed <= 5; ++seed)
    out.push_back({fmt::format("simulated_with_seed_{}", seed), everything,
                   [seed] { return std::make_unique<SimulatedBench>(std::make_unique<platform::SimWorld>(seed)); }});
  out.push_back({"on_real_files_and_threads", everything, [] { return std::make_unique<ThreadedBench>(); }});
  return out;
}

INSTANTIATE_TEST_SUITE_P(Embedded, Contract, testing::ValuesIn(kinds()), kind_name);

}  // namespace
}  // namespace leat::bus::contract
