#include "http/connection.h"

#include <array>
#include <exception>

#include <boost/asio/buffer.hpp>

namespace leat::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t buffer_begin = 4 << 10;
constexpr std::size_t buffer_body = 64 << 10;  // while a large body streams through
constexpr std::size_t pieces_max = 16;

// Carries one answer from wherever it is made to the loop. Dying unanswered is an answer too. What is leased for the
// request's body it holds until then, wherever the request waits.
class PendingReply {
 public:
  PendingReply(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> connection, std::uint64_t number,
               ByteBudget::Lease body)
      : mailbox_(std::move(mailbox)), connection_(std::move(connection)), number_(number), body_(std::move(body)) {}
  PendingReply(PendingReply&&) noexcept = default;
  PendingReply& operator=(PendingReply&&) = delete;
  ~PendingReply() {
    if (mailbox_) (*this)(problem(500, "Internal Server Error", "The request was dropped without an answer."));
  }

  void operator()(Response response) {
    LEAT_ASSERT(mailbox_ != nullptr);  // answered once
    std::exchange(mailbox_, nullptr)->put({std::move(connection_), number_, std::move(response)});
    if (body_.bytes() != 0) body_ = {};
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::weak_ptr<Connection> connection_;
  std::uint64_t number_;
  ByteBudget::Lease body_;
};

std::string name_of(const tcp::socket& socket) {
  error_code ec;
  const tcp::endpoint peer = socket.remote_endpoint(ec);
  if (ec) return "unknown";
  const std::string address = peer.address().to_string();
  return peer.address().is_v6() ? fmt::format("[{}]:{}", address, peer.port())
                                : fmt::format("{}:{}", address, peer.port());
}

}  // namespace

Connection::Connection(IoLoop& loop, tcp::socket socket, ByteBudget::Lease lease)
    : loop_(loop),
      shared_(loop.shared()),
      socket_(std::move(socket)),
      peer_(name_of(socket_)),
      parser_(shared_.limits),
      lease_(std::move(lease)),
      now_(shared_.clock.now()),
      active_(now_),
      taken_(now_) {}

void Connection::start() {
  error_code ec;
  if (socket_.non_blocking(true, ec) || socket_.set_option(tcp::no_delay(true), ec)) return close();
  read();
}

void Connection::read() {
  if (!make_room()) return;
  reading_ = true;
  socket_.async_read_some(boost::asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
                          [self = shared_from_this()](error_code ec, std::size_t count) {
                            self->reading_ = false;
                            if (ec == boost::asio::error::eof) return self->on_end();
                            if (ec) return self->close();
                            self->on_read(count);
                          });
}

// False when a header needs more than is to be had: then it has been refused.
bool Connection::make_room() {
  const bool in_body = parser_.header_done() && phase_ == Phase::open;
  if (in_body && body_lease_.bytes() > buffer_begin && buffer_.size() < buffer_body)
    grow_buffer(buffer_body, ByteUser::requests);  // a small one takes longer, that is all
  if (end_ < buffer_.size()) return true;
  if (grow_buffer(std::max(buffer_begin, buffer_.size() * 2), ByteUser::connections)) return true;
  shared_.budget.shed(ByteUser::connections);
  refuse(short_of_memory);
  advance();
  return false;
}

void Connection::on_read(std::size_t count) {
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::lingering || phase_ == Phase::last) {  // nobody listens any more
    if (phase_ == Phase::lingering) read();
    return;
  }
  now_ = active_ = shared_.clock.now();
  end_ += count;
  starved_ = false;
  advance();
}

// A client that has only ended its own side still waits for what it asked.
void Connection::on_end() {
  if (phase_ == Phase::last) return;
  if (phase_ != Phase::open || (slots_.empty() && out_.empty())) return close();
  ended_ = true;
  advance();
}

void Connection::answer(std::uint64_t number, Response response) {
  if (accept(number, std::move(response))) advance();
}

bool Connection::accept(std::uint64_t number, Response response) {
  if (number < first_ || number - first_ >= slots_.size() || slots_[number - first_].response) return false;
  Slot& slot = slots_[number - first_];
  slot.response = std::move(response);
  if (number == first_) return true;
  held_ += slot.held = slot.response->body.size();
  if (!lease_unsent()) close();
  return false;
}

void Connection::advance() {
  if (advancing_ || phase_ == Phase::closed) return;  // a handler answered on the spot: the loop below sees it
  advancing_ = true;
  const auto self = shared_from_this();
  do {
    take_requests();
    move_answers();
    write();
  } while (may_take() || may_start());
  advancing_ = false;
  if (ended_ && starved_ && phase_ == Phase::open) phase_ = Phase::last;
  if (!owes_nothing() && !lease_unsent()) return close();
  if (phase_ == Phase::last && slots_.empty() && out_.empty()) linger();
  if (phase_ == Phase::open && idle() && shared_.draining.load(std::memory_order_relaxed)) return close();
  const bool wants_more = phase_ == Phase::lingering || (phase_ == Phase::open && starved_);
  if (wants_more && !reading_ && !ended_) read();
}

bool Connection::may_start() const { return next_ && slots_.empty() && phase_ != Phase::closed; }

bool Connection::may_take() const {
  return phase_ == Phase::open && !starved_ && !wait_ && !next_ && slots_.size() < shared_.limits.in_flight &&
         out_.bytes() < shared_.limits.unsent_bytes;
}

void Connection::take_requests() {
  if (may_start()) start(*std::exchange(next_, std::nullopt));
  while (may_take()) feed_parser();
  if (phase_ != Phase::open || starved_ || wait_ || next_) return;
  shared_.metrics.hit(slots_.size() >= shared_.limits.in_flight ? Limit::in_flight : Limit::unsent_bytes);
}

void Connection::feed_parser() {
  if (begin_ == end_) return await_bytes();
  const bool began = parser_.begun(), had_header = parser_.header_done();
  const auto used = parser_.feed(std::string_view(buffer_).substr(begin_, end_ - begin_));
  if (!used) return refuse(used.error());
  begin_ += *used;
  if (!began && parser_.begun()) begun_ = now_;
  if (parser_.done()) return hand_over();
  if (!had_header && parser_.header_done()) return lease_body();
  if (*used > 0) return;
  await_bytes();
}

// What is left of the buffer is the beginning of a header, or nothing.
void Connection::await_bytes() {
  starved_ = true;
  std::copy(buffer_.begin() + begin_, buffer_.begin() + end_, buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  if (end_ > 0 || parser_.begun() || buffer_.size() <= buffer_begin) return;
  buffer_.resize(buffer_begin);  // between requests a connection costs little
  buffer_.shrink_to_fit();
  buffer_lease_ = {};
}

// Requests that come without waiting for answers may be done at once only as long as nobody could tell: those that
// change nothing beside one another, and those that do in their order (RFC 9112 section 9.3.2).
void Connection::hand_over() {
  continue_due_ = false;
  RequestParser::Parsed parsed = parser_.take();
  const bool safe = is_safe(parsed.method);
  if (!slots_.empty() && safe != safe_) {
    next_ = std::move(parsed);
    return;
  }
  start(std::move(parsed));
}

void Connection::start(RequestParser::Parsed parsed) {
  safe_ = is_safe(parsed.method);
  const bool keep_alive = parsed.keep_alive && !shared_.draining.load(std::memory_order_relaxed);
  if (!keep_alive) phase_ = Phase::last;
  Request request{.method = std::move(parsed.method),
                  .target = std::move(parsed.target),
                  .headers = std::move(parsed.headers),
                  .body = std::move(parsed.body),
                  .peer = peer_,
                  .arrived = begun_,
                  .deadline = begun_ + shared_.limits.request};
  slots_.push_back({.framing = {.keep_alive = keep_alive,
                                .without_body = request.method == "HEAD",
                                .minor_version = parsed.minor_version},
                    .deadline = request.deadline});
  if (const std::size_t body = request.body.capacity(); body_lease_.bytes() > body)
    body_lease_.give_back(body_lease_.bytes() - body);
  try {
    shared_.handler(std::move(request), PendingReply(loop_.mailbox(), weak_from_this(), first_ + slots_.size() - 1,
                                                     std::move(body_lease_)));
  } catch (const std::exception& failure) {  // the reply died on the way out, and that has answered 500
    shared_.log.error("a request handler threw", {{"what", failure.what()}});
  }
}

void Connection::refuse(const Refusal& refusal) {
  shared_.metrics.refusals.add();
  if (refusal.limit) shared_.metrics.hit(*refusal.limit);
  continue_due_ = false;
  slots_.push_back({.framing = {.keep_alive = false},
                    .deadline = platform::Instant::max(),
                    .response = problem(refusal.status, reason(refusal.status), refusal.why)});
  if (refusal.status == 503) slots_.back().response->headers.add("Retry-After", "1");
  wait_.reset();
  parser_.drop_body();
  body_lease_ = {};
  phase_ = Phase::last;
}

void Connection::move_answers() {
  while (!slots_.empty() && slots_.front().response) {
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    ++first_;
    held_ -= slot.held;
    active_ = now_;
    if (slots_.empty() && phase_ == Phase::open && shared_.draining.load(std::memory_order_relaxed))
      phase_ = Phase::last;
    if (slots_.empty() && phase_ == Phase::last) slot.framing.keep_alive = false;
    append_header(out_.tail(), *slot.response, slot.framing, loop_.date());
    if (has_body(*slot.response, slot.framing)) out_.add_body(std::move(slot.response->body));
  }
  if (continue_due_ && slots_.empty()) {
    out_.tail() += "HTTP/1.1 100 Continue\r\n\r\n";
    continue_due_ = false;
  }
}

void Connection::write() {
  while (!waiting_to_write_ && phase_ != Phase::closed && !out_.empty()) {
    std::array<std::string_view, pieces_max> pieces;
    std::array<boost::asio::const_buffer, pieces_max> buffers;
    const std::size_t count = out_.pieces(pieces);
    for (std::size_t i = 0; i < count; ++i) buffers[i] = {pieces[i].data(), pieces[i].size()};
    error_code ec;
    // One piece, the usual case, goes by send(), which costs the kernel less than a vector of one.
    const std::size_t sent =
        count == 1 ? socket_.write_some(buffers[0], ec) : socket_.write_some(std::span(buffers).first(count), ec);
    if (ec == boost::asio::error::would_block) return wait_to_write();
    if (ec) return close();
    taken_ = now_;
    out_.consume(sent);
  }
}

void Connection::wait_to_write() {
  taken_ = now_;
  waiting_to_write_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](error_code ec) {
    self->waiting_to_write_ = false;
    if (ec) return self->close();
    self->now_ = self->active_ = self->shared_.clock.now();
    self->advance();
  });
}

void Connection::linger() {
  phase_ = Phase::lingering;
  active_ = now_;
  begin_ = end_ = 0;
  error_code ec;
  if (socket_.shutdown(tcp::socket::shutdown_send, ec) || ended_) close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  error_code ec;
  (void)socket_.close(ec);  // closed in any case
  slots_.clear();
  wait_.reset();
  loop_.forget(shared_from_this());
}

bool Connection::idle() const { return slots_.empty() && out_.empty() && !parser_.begun() && !next_; }

}  // namespace leat::http
