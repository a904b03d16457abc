// app/instance.h — the whole program, running: data directory, log, broker, bus, services, gateway, listeners, wired
// together and started and stopped in the one right order.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/admin_routes.h"
#include "app/data_directory.h"
#include "app/log_metrics.h"
#include "app/log_scrub.h"
#include "app/process_metrics.h"
#include "base/byte_budget.h"
#include "broker/broker.h"
#include "bus/bus.h"
#include "gateway/admin.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "log/log.h"
#include "platform/platform.h"
#include "service/runtime.h"
#include "telemetry/telemetry.h"

namespace leat::app {

struct InstanceOptions {
  std::string data;
  std::string http, admin;
  bool insecure = false;  // beyond loopback is meant
  std::uint64_t memory_bytes = 256ull << 20;
  int scrub_days = 7;  // 0: never
};

class Instance {
 public:
  // Ready to serve on return. A service that cannot start is logged and shown by /readyz; the others run.
  static Result<std::unique_ptr<Instance>> start(InstanceOptions, service::SystemPlan, platform::Platform,
                                                 telemetry::Telemetry);
  ~Instance();

  std::string http_address() const { return http_->address(); }
  std::string admin_address() const { return admin_server_->address(); }

  // Puts another plan in force once what it changes has caught up; meanwhile, and after a failure, the old one goes on.
  // `done` comes on a thread of the system.
  void reload(service::SystemPlan, Done<Result<>> done);

  // Answers what has been accepted, commits it, brings it to the bus and closes the log in order.
  Result<> stop();

 private:
  Instance(InstanceOptions, platform::Platform, telemetry::Telemetry, DataDirectory);
  Result<> start_all(service::SystemPlan);
  Result<> open_bus();
  void tell_lost() const;
  Result<> start_services(service::SystemPlan);
  Result<> listen();
  Result<std::unique_ptr<http::Server>> listener(http::ServerOptions, std::size_t connections_max, http::Handler);
  Result<> serve_routes();

  // In the order of their making; destroyed in reverse.
  InstanceOptions options_;
  platform::Platform platform_;
  telemetry::Telemetry telemetry_;
  DataDirectory directory_;
  ByteBudget budget_;
  ProcessMetrics process_metrics_;
  std::unique_ptr<log::Log> log_;
  LogMetrics log_metrics_;
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<LogScrub> scrub_;
  gateway::Gateway gateway_;
  std::unique_ptr<service::System> system_;
  std::unique_ptr<platform::Executor> admin_executor_;
  gateway::Admin admin_;
  std::unique_ptr<http::Server> http_, admin_server_;
};

}  // namespace leat::app
