// http/server.h — an HTTP/1.1 listener.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/byte_budget.h"
#include "base/result.h"
#include "http/http.h"
#include "http/limits.h"
#include "telemetry/telemetry.h"

namespace leat::http {

struct ServerOptions {
  std::string address = "127.0.0.1:0";  // port 0: any free one
  std::string name = "http";            // of the listener, in metrics, logs and thread names
  unsigned threads = 1;
  bool insecure = false;  // beyond loopback without encryption: only when somebody wrote the word
  Limits limits;
  platform::Duration tick = std::chrono::milliseconds(500);  // how exact deadlines are
};

// Serves from start() until it is destroyed: every request that can be read gets exactly one answer, on each connection
// in the order of the requests; everything a client may take is bounded by Limits, and what all of them together take
// by the budget: when it is spent, bodies wait unread, and queries go on.
class Server {
 public:
  // Code::invalid: the address is wrong, or lies beyond loopback and `insecure` was not said, or the budget is smaller
  // than the largest body. Code::conflict: taken. The budget outlives the server and all unanswered replies.
  static Result<std::unique_ptr<Server>> start(ServerOptions, platform::Clock&, telemetry::Telemetry, ByteBudget&,
                                               Handler);
  ~Server();  // at once: what is still in flight gets no answer

  std::uint16_t port() const;
  std::string address() const;  // "127.0.0.1:8080", with the real port

  // Accepts nothing more, answers what is in flight, closes. Returns when all connections are closed, at the latest
  // after `bound`; says whether none was cut off. Requires: not called from a handler.
  bool drain(platform::Duration bound);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leat::http
