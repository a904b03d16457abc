#include "http/server.h"

#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "http/acceptor.h"
#include "http/address.h"
#include "http/io_loop.h"

namespace leat::http {

class Server::Impl {
 public:
  Impl(const ServerOptions& options, platform::Clock& clock, telemetry::Telemetry telemetry, ByteBudget& budget,
       Handler handler)
      : shared_{.limits = options.limits,
                .handler = std::move(handler),
                .clock = clock,
                .log = telemetry.log,
                .budget = budget,
                .metrics = ServerMetrics(telemetry.metrics, options.name),
                .tick = options.tick} {
    for (unsigned i = 0; i < std::max(1u, options.threads); ++i) loops_.push_back(std::make_unique<IoLoop>(shared_));
    acceptor_ = std::make_unique<Acceptor>(loops_);
  }

  // The loops go first: their threads are the only ones that touch the acceptor once it runs.
  ~Impl() {
    for (auto& loop : loops_) loop->stop();
    acceptor_.reset();
  }

  Result<> start(const Address& address, const std::string& name) {
    LEAT_CHECK(acceptor_->listen(address));
    for (auto& loop : loops_) loop->run_thread(name);
    return {};
  }

  bool drain(platform::Duration bound) {
    shared_.drain_end = shared_.clock.now() + bound;
    shared_.draining = true;
    acceptor_->stop();
    for (auto& loop : loops_) loop->look_around();
    for (std::size_t left; (left = shared_.connections.load()) != 0;) shared_.connections.wait(left);
    return !shared_.cut_off;
  }

  const Address& address() const { return acceptor_->address(); }

 private:
  Shared shared_;
  std::vector<std::unique_ptr<IoLoop>> loops_;
  std::unique_ptr<Acceptor> acceptor_;
};

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, platform::Clock& clock,
                                              telemetry::Telemetry telemetry, ByteBudget& budget, Handler handler) {
  LEAT_TRY(const Address address, parse_address(options.address));
  if (!address.is_loopback() && !options.insecure) {
    return fail(Code::invalid, fmt::format("{} can be reached from other machines, without encryption; listen on "
                                           "127.0.0.1, or say `insecure` if that is meant",
                                           options.address));
  }
  if (const std::size_t most = budget.most(ByteUser::requests); options.limits.body_bytes > most) {
    return fail(Code::invalid, fmt::format("bodies may have {} bytes (body_bytes), but the budget leaves {} for them",
                                           options.limits.body_bytes, most));
  }
  try {
    auto impl = std::make_unique<Impl>(options, clock, telemetry, budget, std::move(handler));
    LEAT_CHECK(impl->start(address, options.name));
    return std::unique_ptr<Server>(new Server(std::move(impl)));
  } catch (const std::runtime_error& failure) {  // Asio had no descriptor, or no thread was to be had
    return fail(Code::io, fmt::format("cannot listen on {}: {}", address.text(), failure.what()));
  }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
std::uint16_t Server::port() const { return impl_->address().port; }
std::string Server::address() const { return impl_->address().text(); }
bool Server::drain(platform::Duration bound) { return impl_->drain(bound); }

}  // namespace leat::http
