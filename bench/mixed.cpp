// bench/mixed.cpp — a whole system in this process, that can also be told names at its bus, faster than commands could.
//   --dir=FOLDER --system=bench/system
// Prints {"port":N}, where it serves the system's routes, then obeys its standard input until that ends:
//   produce RATE   person.updated events each second, on a timetable, of 200 people in turn of chance
//   rest           ends that; prints one line of JSON: what was acknowledged, and how far behind the read model is
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "base/byte_budget.h"
#include "bench/people.h"
#include "bench/plan.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "service/runtime.h"

namespace {

using namespace leat;

// What the program itself wires together, but for its admin listener.
class Served {
 public:
  Served(bench::LocalBus& bus, const std::string& folder, const std::string& system)
      : log_(bus.world.clock, telemetry::LogFormat::json, telemetry::Level::warn),
        system_(bench::plan_of(system, bus.world), bus.world, *bus.bus, telemetry(), folder, {.budget = &budget_}),
        gateway_(bus.world.clock, bus.world.random, telemetry()) {
    bench::wait_for<void>([&](auto done) { system_.start(std::move(done)); });
    std::map<std::string, gateway::ServiceRoutes> grouped;
    for (auto& route : system_.routes()) {
      auto& group = grouped[route.service];
      group.service = route.service;
      group.routes.push_back({route.method, route.path, std::move(route.handler)});
    }
    std::vector<gateway::ServiceRoutes> routes;
    for (auto& [name, group] : grouped) routes.push_back(std::move(group));
    bench::demand(gateway_.serve(std::move(routes)));
    server_ = bench::value_of(http::Server::start({}, bus.world.clock, telemetry(), budget_, gateway_.handler()));
  }

  int port() const { return server_->port(); }

  // Events that no read model has yet, at most.
  double lag() {
    std::promise<service::SystemStatus> promise;
    auto status = promise.get_future();
    system_.status([&](service::SystemStatus found) { promise.set_value(std::move(found)); });
    std::int64_t most = 0;
    for (const auto& service : status.get().services)
      for (const auto& model : service.read_models) most = std::max(most, model.lag_events);
    return static_cast<double>(most);
  }

 private:
  telemetry::Telemetry telemetry() { return {metrics_, log_, health_}; }

  ByteBudget budget_{256ull << 20};
  telemetry::Metrics metrics_;
  telemetry::Log log_;
  telemetry::Health health_;
  service::System system_;
  gateway::Gateway gateway_;
  std::unique_ptr<http::Server> server_;
};

// Tells `rate` names a second, a group each millisecond, until it is destroyed.
class Production {
 public:
  Production(bench::People& people, double rate)
      : cpu_(bench::cpu_seconds()),
        begun_(bench::now_ns()),
        thread_([this, &people, rate](const std::stop_token& stop) {
          const auto group = std::max<std::int64_t>(1, std::llround(rate / 1000));
          const auto step = static_cast<std::int64_t>(static_cast<double>(group) / rate * 1e9);
          for (auto intended = begun_; !stop.stop_requested(); intended += step) {
            if (const auto early = intended - bench::now_ns(); early > 0)
              std::this_thread::sleep_for(std::chrono::nanoseconds(early));
            free_.acquire();
            people.tell(group, [this, group, intended] { acknowledged(group, intended); });
          }
        }) {}

  // Ends it; what was acknowledged, latencies from the intended time of a group.
  bench::Outcome finish() {
    thread_.request_stop();
    thread_.join();
    for (int i = 0; i < outstanding_max; ++i) free_.acquire();
    const std::scoped_lock lock(mutex_);
    outcome_.seconds = static_cast<double>(bench::now_ns() - begun_) * 1e-9;
    outcome_.cpu_seconds = bench::cpu_seconds() - cpu_;
    return std::move(outcome_);
  }

 private:
  static constexpr int outstanding_max = 256;

  void acknowledged(std::int64_t group, std::int64_t intended) {
    const std::scoped_lock lock(mutex_);
    outcome_.operations += static_cast<double>(group);
    outcome_.latencies.add(bench::now_ns() - intended);
    free_.release();
  }

  double cpu_;
  std::int64_t begun_;
  std::mutex mutex_;
  bench::Outcome outcome_;
  std::counting_semaphore<> free_{outstanding_max};
  std::jthread thread_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto folder = bench::option(argc, argv, "dir", ".") + "/mixed";
  bench::LocalBus bus(folder + "/log");
  std::filesystem::create_directories(folder + "/services");
  Served served(bus, folder + "/services", bench::option(argc, argv, "system", "bench/system"));
  const auto topic = bus.topic("people", 4);
  bench::People people(bus, topic, {.type = "person.updated", .keys = "200", .name_bytes = 60});
  std::printf("{\"port\":%d}\n", served.port());
  std::fflush(stdout);

  std::unique_ptr<Production> production;
  for (std::string word; std::cin >> word;) {
    if (word == "produce") {
      double rate = 0;
      std::cin >> rate;
      production = std::make_unique<Production>(people, rate);
    } else if (word == "rest" && production) {
      auto outcome = production->finish();
      production.reset();
      bench::print(std::move(outcome), {{"lag_events", served.lag()}});
      std::fflush(stdout);
    }
  }
}
