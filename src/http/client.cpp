#include "http/client.h"

#include <array>
#include <stdexcept>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "http/address.h"
#include "http/parser.h"

namespace leat::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

std::string serialise(const Request& request, std::string_view host) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  if (!request.headers.get("host")) out += fmt::format("Host: {}\r\n", host);
  for (const auto& [name, value] : request.headers.all()) out += fmt::format("{}: {}\r\n", name, value);
  const bool has_body = !request.body.empty() || (request.method != "GET" && request.method != "HEAD");
  if (has_body) out += fmt::format("Content-Length: {}\r\n", request.body.size());
  return out + "\r\n" + request.body;
}

}  // namespace

class Client::Impl {
 public:
  Impl(Address address, platform::Duration patience) : address_(std::move(address)), patience_(patience) {}

  Result<> connect() {
    error_code ec;
    const std::string host = address_.host == "localhost" ? "127.0.0.1" : address_.host;
    const tcp::endpoint endpoint(boost::asio::ip::make_address(host, ec), address_.port);
    return wait("connecting to", [&](auto done) {
      socket_.async_connect(endpoint, [done](error_code failure) mutable { done(failure, 0); });
    });
  }

  Result<> send(std::string_view bytes) {
    return wait("sending to", [&](auto done) {
      boost::asio::async_write(socket_, boost::asio::const_buffer(bytes.data(), bytes.size()), done);
    });
  }

  // How many bytes came; 0: the server has closed.
  Result<std::size_t> read_some() {
    LEAT_CHECK(wait("reading from", [&](auto done) { socket_.async_read_some(boost::asio::buffer(piece_), done); }));
    unread_.append(piece_.data(), count_);
    return count_;
  }

  Result<Answer> receive(bool to_head) {
    ResponseParser parser(to_head);
    while (!parser.done()) {
      LEAT_TRY(const std::size_t used, parser.feed(unread_));
      unread_.erase(0, used);
      if (parser.done() || used > 0) continue;
      LEAT_TRY(const std::size_t count, read_some());
      if (count > 0) continue;
      LEAT_CHECK(parser.end());
    }
    auto parsed = parser.take();
    return Answer{parsed.status, std::move(parsed.headers), std::move(parsed.body), parsed.keep_alive};
  }

  Result<> await_close() {
    if (!unread_.empty()) return fail(Code::conflict, "the server has sent more: " + unread_);
    LEAT_TRY(const std::size_t count, read_some());
    if (count > 0) return fail(Code::conflict, "the server has sent more: " + unread_);
    return {};
  }

  Result<> finish() {
    error_code ec;
    if (socket_.shutdown(tcp::socket::shutdown_send, ec)) return fail(Code::io, ec.message());
    return {};
  }

  std::string host() const { return address_.text(); }

 private:
  // Starts one operation and runs the loop until it is through or patience ends. The end of the stream is no failure.
  template <class Start>
  Result<> wait(std::string_view doing, Start start) {
    std::optional<error_code> outcome;
    count_ = 0;
    start([this, &outcome](error_code ec, std::size_t count) {
      outcome = ec;
      count_ = count;
    });
    io_.restart();
    io_.run_for(patience_);
    const auto failed = [&](Code code, std::string_view why) {
      return fail(code, fmt::format("{} {}: {}", doing, address_.text(), why));
    };
    if (!outcome) {
      error_code ignored;
      (void)socket_.close(ignored);
      io_.restart();
      io_.run();  // the cancelled operation still holds our locals
      return failed(Code::timeout, "no answer in time");
    }
    if (*outcome && *outcome != boost::asio::error::eof) return failed(Code::unavailable, outcome->message());
    return {};
  }

  const Address address_;
  const platform::Duration patience_;
  boost::asio::io_context io_{1};
  tcp::socket socket_{io_};
  std::string unread_;
  std::array<char, 16 << 10> piece_;
  std::size_t count_ = 0;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(std::string_view text, platform::Duration patience) {
  LEAT_TRY(Address address, parse_address(text));
  try {
    auto impl = std::make_unique<Impl>(std::move(address), patience);
    LEAT_CHECK(impl->connect());
    return Client(std::move(impl));
  } catch (const std::runtime_error& failure) {  // Asio had no descriptor for its loop
    return fail(Code::io, fmt::format("cannot connect to {}: {}", text, failure.what()));
  }
}

Result<Answer> Client::ask(const Request& request) {
  LEAT_CHECK(send(serialise(request, impl_->host())));
  return receive(request.method == "HEAD");
}

Result<> Client::send(std::string_view bytes) { return impl_->send(bytes); }
Result<Answer> Client::receive(bool to_head) { return impl_->receive(to_head); }
Result<> Client::finish() { return impl_->finish(); }
Result<> Client::await_close() { return impl_->await_close(); }

Result<Answer> fetch(std::string_view address, const Request& request, platform::Duration patience) {
  LEAT_TRY(Client client, Client::connect(address, patience));
  return client.ask(request);
}

}  // namespace leat::http
