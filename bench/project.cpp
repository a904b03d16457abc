// bench/project.cpp — events from the bus into a read model: bench/projection, filled once, then as many events again.
//   --keys=hot|random|append   10,000 keys, 200,000 keys, a new key each time
//   --events=300000            of each filling; the second one is measured
//   --system=bench/projection
// Prints one line of JSON; an operation is one event.
#include "bench/people.h"
#include "bench/plan.h"
#include "service/projector.h"

namespace {

using namespace leat;

// Applies all that is on the bus; returns how long that took.
double fill(const service::SystemPlan& plan, bench::LocalBus& bus, const bus::Topic& topic, const std::string& path) {
  telemetry::Metrics metrics;
  telemetry::Log log(bus.world.clock, telemetry::LogFormat::json, telemetry::Level::warn);
  telemetry::Health health;
  const auto& names = plan.services.back();
  const auto generation =
      std::make_shared<service::Generation>(std::make_shared<service::ServicePlan>(names), names.read_models.front(),
                                            path, std::map<std::string, bus::Topic>{{"people", topic}});
  std::promise<Result<>> settled;
  service::Projector projector(
      {names.name, bus.world, *bus.bus, {metrics, log, health}}, {}, generation, [](Result<>) {},
      [&](Result<> outcome) { settled.set_value(std::move(outcome)); });
  const auto begun = bench::now_ns();
  projector.start();
  bench::value_of(settled.get_future().get());
  return static_cast<double>(bench::now_ns() - begun) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  const auto folder = bench::option(argc, argv, "dir", ".") + "/project";
  const auto events = static_cast<int>(bench::number(argc, argv, "events", 300'000));
  bench::LocalBus bus(folder);
  const auto plan = bench::plan_of(bench::option(argc, argv, "system", "bench/projection"), bus.world);
  const auto topic = bus.topic("people", 4);
  bench::People people(bus, topic, {.keys = bench::option(argc, argv, "keys", "random")});

  people.publish(events);
  fill(plan, bus, topic, folder + "/names.db");
  people.publish(events);
  const auto cpu = bench::cpu_seconds();
  bench::Outcome outcome;
  outcome.operations = events;
  outcome.seconds = fill(plan, bus, topic, folder + "/names.db");
  outcome.cpu_seconds = bench::cpu_seconds() - cpu;
  bench::print(std::move(outcome));
}
