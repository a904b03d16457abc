// The contract of the seam, as far as librdkafka's mock cluster can play it.
#include <cstdio>

#include "bus/contract_test.h"
#include "rdkafka_bus.h"

namespace leat::bus::contract {
namespace {

class MockBench final : public Bench {
 public:
  explicit MockBench(std::unique_ptr<seam::MockCluster> cluster)
      : cluster_(std::move(cluster)), bus_(std::make_unique<seam::RdkafkaBus>(*cluster_)) {}
  Bus& bus() override { return *bus_; }
  bool until(const std::function<bool()>& ready) override { return wait_until(ready); }

 private:
  std::unique_ptr<seam::MockCluster> cluster_;
  std::unique_ptr<seam::RdkafkaBus> bus_;
};

std::unique_ptr<Bench> make() {
  auto cluster = seam::MockCluster::make();
  if (cluster) return std::make_unique<MockBench>(*std::move(cluster));
  std::printf("skipped: %s\n", cluster.error().what.c_str());
  return nullptr;
}

// No ability: the mock keeps nothing, forgets nothing, knows no times, and lets a fenced producer go on.
INSTANTIATE_TEST_SUITE_P(Rdkafka, Contract, testing::Values(Kind{"on_a_mock_cluster", {}, make}), kind_name);

}  // namespace
}  // namespace leat::bus::contract
