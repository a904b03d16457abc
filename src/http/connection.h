// http/connection.h — one client's conversation: requests in, answers out in the order of the requests.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "http/io_loop.h"
#include "http/parser.h"
#include "http/writer.h"

namespace leat::http {

// Lives on its loop's thread: every call but the constructor comes from there. Kept alive by the loop until it is
// closed; requests that are still being answered hold it weakly.
//
// Bounded: it reads only while fewer than Limits::in_flight requests wait for their answers and the client takes what
// it was sent.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(IoLoop&, boost::asio::ip::tcp::socket);

  void start();
  void answer(std::uint64_t number, Response);  // accept() and advance()
  // Keeps the answer for its turn. Says whether anything can be sent now. Late answers are dropped.
  bool accept(std::uint64_t number, Response);
  // Takes requests from what was read, sends answers whose turn it is, reads on: until nothing moves any more.
  void advance();
  void tick(platform::Instant now);

 private:
  // A request that was handed over, until its answer is serialised.
  struct Slot {
    Framing framing;
    platform::Instant deadline;
    std::optional<Response> response;
  };
  enum class Phase {
    open,       // reads requests
    last,       // reads no further request; what is in flight is answered, then the end
    lingering,  // all is sent; reads and drops until the client closes, so that our last answer is not reset away
    closed,
  };

  void read();
  void on_read(std::size_t count);
  void on_end();
  void take_requests();
  bool may_take() const;
  void feed_parser();
  void await_bytes();
  void hand_over();
  void refuse(const Refusal&);
  void move_answers();
  void write();
  void wait_to_write();
  void linger();
  void close();
  bool idle() const;

  void check_request_deadlines(platform::Instant now);
  std::optional<Limit> expired(platform::Instant now) const;
  void expire(Limit);

  IoLoop& loop_;
  Shared& shared_;
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;

  RequestParser parser_;
  std::string buffer_;  // [begin_, end_) is read and not yet parsed
  std::size_t begin_ = 0, end_ = 0;
  bool starved_ = true;        // the parser needs more than the buffer holds
  bool continue_due_ = false;  // "100 Continue" is owed before the next answer

  std::deque<Slot> slots_;   // in the order of the requests
  std::uint64_t first_ = 0;  // number of slots_.front()
  OutQueue out_;

  Phase phase_ = Phase::open;
  bool reading_ = false, waiting_to_write_ = false, advancing_ = false;
  platform::Instant now_;          // when something last came from outside
  platform::Instant active_;       // when the conversation last moved
  platform::Instant begun_;        // the first byte of the request being read
  platform::Instant header_done_;  // its header's end
  platform::Instant taken_;        // when the client last took bytes
};

}  // namespace leat::http
