// http/acceptor.h — takes new connections and spreads them over the loops.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/address.h"
#include "http/io_loop.h"
#include "telemetry/log.h"

namespace leat::http {

// Runs on the first loop's thread. Never gives up: when the process has no descriptors left it waits a little, since
// connections that end give theirs back.
class Acceptor {
 public:
  explicit Acceptor(const std::vector<std::unique_ptr<IoLoop>>& loops);

  Result<> listen(const Address&);
  void stop();  // from another thread; nothing is accepted once it returns
  const Address& address() const { return address_; }

 private:
  void accept();
  void on_accepted(boost::system::error_code, boost::asio::ip::tcp::socket, IoLoop&);
  void back_off(boost::system::error_code);
  std::optional<ByteBudget::Lease> room();

  const std::vector<std::unique_ptr<IoLoop>>& loops_;
  Shared& shared_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  telemetry::Seldom seldom_{std::chrono::seconds(10)};
  Address address_;
  std::size_t next_ = 0;
};

}  // namespace leat::http
