// http/connection.h — one client's conversation: requests in, answers out in the order of the requests.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "base/byte_budget.h"
#include "http/io_loop.h"
#include "http/parser.h"
#include "http/writer.h"

namespace leat::http {

inline constexpr Refusal short_of_memory{503, "the server has no memory for this request now; try again soon",
                                         Limit::memory};

// Lives on its loop's thread: every call but the constructor comes from there. Kept alive by the loop until it is
// closed; requests that are still being answered hold it weakly.
//
// Bounded: it reads only while fewer than Limits::in_flight requests wait for their answers and the client takes what
// it was sent. What it holds is leased: itself and a small buffer when it begins, a body before it is read, answers
// while they cannot be sent.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // What an idle one costs: its objects, its socket's, a buffer of buffer_begin.
  static constexpr std::size_t idle_bytes = 8 << 10;

  // `lease`: of idle_bytes.
  Connection(IoLoop&, boost::asio::ip::tcp::socket, ByteBudget::Lease lease);

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
    std::size_t held = 0;  // bytes of a response that is before its turn
  };
  enum class Phase {
    open,       // reads requests
    last,       // reads no further request; what is in flight is answered, then the end
    lingering,  // all is sent; reads and drops until the client closes, so that our last answer is not reset away
    closed,
  };

  void read();
  bool make_room();
  void on_read(std::size_t count);
  void on_end();
  void take_requests();
  bool may_take() const;
  bool may_start() const;
  void feed_parser();
  void await_bytes();
  void hand_over();
  void start(RequestParser::Parsed);
  void refuse(const Refusal&);
  void move_answers();
  void write();
  void wait_to_write();
  void linger();
  void close();
  bool idle() const;

  void lease_body();
  void await_lease(std::size_t bytes);
  void on_lease(ByteBudget::Lease);
  void begin_body();
  bool grow_buffer(std::size_t bytes, ByteUser);
  bool lease_unsent();
  bool owes_nothing() const { return !waiting_to_write_ && held_ == 0 && unsent_lease_.bytes() == 0; }
  void shed();

  void check_request_deadlines(platform::Instant now);
  std::optional<Limit> late(platform::Duration taken, platform::Duration usual, Limit) const;
  std::optional<Limit> expired(platform::Instant now) const;
  void expire(Limit);

  IoLoop& loop_;
  Shared& shared_;
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;

  RequestParser parser_;
  std::string buffer_;  // [begin_, end_) is read and not yet parsed
  std::size_t begin_ = 0, end_ = 0;
  bool starved_ = true;                        // the parser needs more than the buffer holds
  std::optional<RequestParser::Parsed> next_;  // waits until those before it are answered
  bool safe_ = true;                           // whether those of slots_ are
  bool continue_due_ = false;                  // "100 Continue" is owed before the next answer

  std::deque<Slot> slots_;   // in the order of the requests
  std::uint64_t first_ = 0;  // number of slots_.front()
  OutQueue out_;
  std::size_t held_ = 0;  // bytes of all responses that are before their turn

  ByteBudget::Lease lease_, buffer_lease_, body_lease_, unsent_lease_;
  std::optional<ByteBudget::Wait> wait_;  // for the body's; meanwhile nothing is read

  Phase phase_ = Phase::open;
  bool reading_ = false, waiting_to_write_ = false, advancing_ = false;
  bool ended_ = false;             // the client sends nothing more
  platform::Instant now_;          // when something last came from outside
  platform::Instant active_;       // when the conversation last moved
  platform::Instant begun_;        // the first byte of the request being read
  platform::Instant header_done_;  // its header's end
  platform::Instant wait_begun_;   // of wait_
  platform::Instant taken_;        // when the client last took bytes
};

}  // namespace leat::http
