#include "http/acceptor.h"

#include <future>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "http/connection.h"

namespace leat::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr auto pause_after_failure = std::chrono::milliseconds(100);
constexpr std::string_view full =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

Error listen_error(error_code ec, const Address& address) {
  const Code code = ec == boost::asio::error::address_in_use ? Code::conflict : Code::io;
  return Error{code, fmt::format("cannot listen on {}: {}", address.text(), ec.message())};
}

}  // namespace

Acceptor::Acceptor(const std::vector<std::unique_ptr<IoLoop>>& loops)
    : loops_(loops), shared_(loops.front()->shared()), acceptor_(loops.front()->io()), pause_(loops.front()->io()) {}

Result<> Acceptor::listen(const Address& address) {
  error_code ec;
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  const tcp::endpoint endpoint(boost::asio::ip::make_address(host, ec), address.port);
  if (!ec) (void)acceptor_.open(endpoint.protocol(), ec);
  if (!ec) (void)acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) (void)acceptor_.bind(endpoint, ec);
  if (!ec) (void)acceptor_.listen(tcp::acceptor::max_listen_connections, ec);
  if (ec) return fail(listen_error(ec, address));
  address_ = {host, acceptor_.local_endpoint(ec).port()};
  accept();
  return {};
}

void Acceptor::stop() {
  std::promise<void> stopped;
  boost::asio::post(loops_.front()->io(), [&] {
    error_code ec;
    (void)acceptor_.close(ec);
    pause_.cancel();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

void Acceptor::accept() {
  IoLoop& loop = *loops_[next_++ % loops_.size()];
  acceptor_.async_accept(
      loop.io(), [this, &loop](error_code ec, tcp::socket socket) { on_accepted(ec, std::move(socket), loop); });
}

void Acceptor::on_accepted(error_code ec, tcp::socket socket, IoLoop& loop) {
  if (!acceptor_.is_open()) return;
  if (ec && ec != boost::asio::error::connection_aborted) return back_off(ec);
  auto lease = ec ? std::nullopt : room();
  if (lease) {
    loop.adopt(std::move(socket), *std::move(lease));
  } else if (!ec) {
    (void)socket.non_blocking(true, ec);
    if (!ec) socket.write_some(boost::asio::const_buffer(full.data(), full.size()), ec);  // if it fits
  }
  accept();
}

// For one connection more; nothing: it is told to come again.
std::optional<ByteBudget::Lease> Acceptor::room() {
  if (shared_.connections.load() >= shared_.limits.connections) {
    shared_.metrics.hit(Limit::connections);
    return std::nullopt;
  }
  auto lease = shared_.budget.try_take(ByteUser::connections, Connection::idle_bytes);
  if (!lease) {
    shared_.metrics.hit(Limit::memory);
    shared_.budget.shed(ByteUser::connections);
    return std::nullopt;
  }
  ++shared_.connections;
  shared_.metrics.connections.add(1);
  return lease;
}

void Acceptor::back_off(error_code ec) {
  shared_.metrics.accept_failures.add();
  if (auto skipped = seldom_.pass(shared_.clock.now())) {
    shared_.log.warn("cannot accept connections", {{"why", ec.message()}, {"skipped", *skipped}});
  }
  pause_.expires_after(pause_after_failure);
  pause_.async_wait([this](error_code cancelled) {
    if (!cancelled && acceptor_.is_open()) accept();
  });
}

}  // namespace leat::http
