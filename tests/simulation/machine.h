// tests/simulation/machine.h — a machine that runs the whole chain: command, state, outbox, relay, bus, log, read model
// and query, SQLite included, all of it on one simulated world.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "bus/embedded.h"
#include "database/files_vfs.h"
#include "http/http.h"
#include "log/log.h"
#include "platform/sim.h"
#include "service/runtime.h"
#include "stirred_bus.h"
#include "telemetry/telemetry.h"

namespace leat::simulation {

// Bugs planted on purpose: whoever does not find them is no test.
struct Plants {
  log::TestFaults log;
  service::TestFaults service;
};

// The disk outlives the program. A life of the program begins with start() and ends with stop(), kill() or
// lose_power().
class Machine {
 public:
  Machine(std::uint64_t seed, const Plants&);
  ~Machine();

  platform::SimWorld& world() { return world_; }
  // Runs the world until `done` holds, the power goes, or too many steps were taken without it.
  template <class Predicate>
  bool run_until(Predicate done) {
    return world_.run_until(done, 200'000);
  }

  // Recovers the log and starts all services. When it fails, nothing runs.
  Result<> start();
  bool runs() const { return life_.has_value() && life_->system; }
  Result<> stop();    // in order: what was taken is finished
  void kill();        // the program dies, the operating system lives on: nothing written is lost
  void lose_power();  // what was not durable is lost or torn
  std::string last_words() const { return last_words_; }  // of the program's log, for people

  // Requires: runs().
  void send(std::string_view method, std::string_view route, std::vector<std::string> path_values, http::Request,
            http::Reply);
  bus::Bus& bus() { return *life_->embedded; }
  service::System& system() { return *life_->system; }
  const std::string& vfs() const { return life_->vfs.name(); }

  static std::string state_path(std::string_view service);
  // The file of the generation in use.
  Result<std::string> read_model_path(std::string_view service, std::string_view name);

 private:
  // In the order of making; ended the other way round.
  struct Life {
    explicit Life(platform::Platform);
    telemetry::Metrics metrics;
    telemetry::Health health;
    std::optional<telemetry::Log> log_lines;
    database::FilesVfs vfs;
    std::unique_ptr<log::Log> log;
    std::unique_ptr<broker::Broker> broker;
    std::unique_ptr<bus::Bus> embedded;
    std::unique_ptr<StirredBus> stirred;
    std::unique_ptr<service::System> system;
    std::vector<service::Route> routes;
  };

  Result<> begin();
  void make_system();
  service::Options service_options();

  platform::SimWorld world_;
  const Plants plants_;
  service::SystemPlan plan_;
  std::string last_words_;
  std::optional<Life> life_;
};

}  // namespace leat::simulation
