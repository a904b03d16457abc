// bench/project.cpp — events from the bus into a read model: bench/projection, filled once, then as many events again.
//   --keys=hot|random|append   10,000 keys, 200,000 keys, a new key each time
//   --events=300000            of each filling; the second one is measured
//   --system=bench/projection
// Prints one line of JSON; an operation is one event.
#include <random>

#include "bench/local_bus.h"
#include "definition/load.h"
#include "event/event.h"
#include "service/compile.h"
#include "service/projector.h"

namespace {

using namespace leat;

service::SystemPlan plan_of(const std::string& folder, platform::Platform world) {
  definition::Mistakes mistakes;
  const auto system = definition::load(world.files, folder, mistakes);
  auto plan = service::compile(system, world, mistakes);
  for (const auto& mistake : mistakes.sorted()) std::fprintf(stderr, "%s\n", mistake.text().c_str());
  if (!mistakes.sorted().empty()) std::exit(2);
  return plan;
}

// What is told to the read model.
class People {
 public:
  People(bench::LocalBus& bus, std::string keys)
      : bus_(bus), keys_(std::move(keys)), topic_(bus.topic("people", 4)), source_(bus.source("people")) {}

  const bus::Topic& topic() const { return topic_; }

  void publish(int events) {
    for (int left = events; left > 0;) {
      std::vector<bus::Publication> group(static_cast<std::size_t>(std::min(left, 1000)));
      for (auto& publication : group) publication = next();
      left -= static_cast<int>(group.size());
      bench::wait_for<std::vector<bus::Position>>(
          [&](auto done) { source_->publish(std::move(group), std::move(done)); });
    }
  }

 private:
  bus::Publication next() {
    ++number_;
    const auto id = keys_ == "append" ? number_ : 1 + random_() % (keys_ == "hot" ? 10'000 : 200'000);
    const auto key = std::to_string(id);
    event::Event event;
    event.id = event::new_event_id(bus_.world.clock, bus_.world.random);
    event.source = "/projection/people";
    event.type = "person.named";
    event.time = platform::rfc3339(bus_.world.clock.unix_ms());
    event.subject = key;
    return {.number = number_,
            .topic = topic_.id,
            .partition = bus::partition_of(key, topic_.config.partitions),
            .record = {.timestamp_ms = bus_.world.clock.unix_ms(),
                       .key = key,
                       .value = "{\"id\":" + key + ",\"username\":\"" + value_ + "\"}",
                       .headers = event::to_headers(event)}};
  }

  bench::LocalBus& bus_;
  const std::string keys_;
  bus::Topic topic_;
  std::unique_ptr<bus::Source> source_;
  std::minstd_rand random_{7};
  std::uint64_t number_ = 0;
  const std::string value_ = std::string(200, 'v');
};

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
  const auto plan = plan_of(bench::option(argc, argv, "system", "bench/projection"), bus.world);
  People people(bus, bench::option(argc, argv, "keys", "random"));

  people.publish(events);
  fill(plan, bus, people.topic(), folder + "/names.db");
  people.publish(events);
  const auto cpu = bench::cpu_seconds();
  bench::Outcome outcome;
  outcome.operations = events;
  outcome.seconds = fill(plan, bus, people.topic(), folder + "/names.db");
  outcome.cpu_seconds = bench::cpu_seconds() - cpu;
  bench::print(std::move(outcome));
}
