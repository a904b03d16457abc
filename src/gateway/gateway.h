// gateway/gateway.h — all services behind one port.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/route.h"
#include "platform/platform.h"
#include "telemetry/telemetry.h"

namespace leat::gateway {

struct ServiceRoutes {
  std::string service;
  std::vector<http::Route> routes;
};

struct GatewayLimits {
  std::size_t in_flight = 4096;  // requests of all clients together; beyond it 503 (leat_gateway_full_total)
};

// Hands each request to the one service whose route it is, with a `traceparent` header that is always there and always
// well-formed, and tells rate, errors and duration by route template. Every call is safe from any thread.
//
// The table of routes is replaced as a whole: a request is served by the table that was there when it came, and a
// handler lives as long as a request of its table does.
class Gateway {
 public:
  // Requires: the platform and the telemetry outlive every reply.
  Gateway(platform::Clock&, platform::Random&, telemetry::Telemetry, GatewayLimits = {});
  ~Gateway();

  // Code::conflict or Code::invalid names both services and routes; then the earlier table stays.
  Result<> serve(std::vector<ServiceRoutes>);

  // From now on every new request is answered 503 with Retry-After.
  void stop();

  // What the server calls. May outlive the Gateway.
  http::Handler handler() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace leat::gateway
