// gateway/admin.h — the listener for those who run the program, apart from the one for its users.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "http/route.h"
#include "telemetry/secret.h"
#include "telemetry/telemetry.h"

namespace leat::gateway {

// GET /healthz (the process answers), /readyz (503 and the reasons when a condition is bad), /metrics, and the routes
// that are added. Two rules hold for all of them:
//   - Host must be this machine's loopback name or one of `hosts`, since any web page may make a browser send requests
//     to a name that it has pointed at 127.0.0.1;
//   - a method that may change something needs `Authorization: Bearer <token>`. Reading needs nothing.
class Admin {
 public:
  // Requires: the telemetry outlives every reply. An empty token lets nothing be changed.
  Admin(telemetry::Telemetry, telemetry::Secret token, std::vector<std::string> hosts = {});
  ~Admin();

  // Requires: handler() was not called yet.
  Result<> add(http::Route);

  // Asked before each /metrics, for numbers that have to be looked for; it calls `done` when they are there. Requires:
  // handler() was not called yet.
  void before_metrics(std::function<void(Task done)> look);

  // What the server calls. May outlive the Admin.
  http::Handler handler() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace leat::gateway
