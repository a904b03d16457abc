// The half of Connection that the tick drives.
#include "http/connection.h"

namespace leat::http {

void Connection::tick(platform::Instant now) {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  now_ = now;
  if (shared_.draining && ((idle() && phase_ == Phase::open) || now >= shared_.drain_end.load())) {
    if (!idle()) shared_.cut_off = true;
    return close();
  }
  if (phase_ == Phase::lingering) {
    if (now - active_ >= shared_.limits.linger) close();
    return;
  }
  if (idle()) out_.release();
  check_request_deadlines(now);
  if (auto limit = expired(now)) expire(*limit);
}

void Connection::check_request_deadlines(platform::Instant now) {
  bool answered = false;
  for (Slot& slot : slots_) {
    if (slot.response || now < slot.deadline) continue;
    shared_.metrics.hit(Limit::request);
    slot.response = problem(504, reason(504), "The request was not answered within its deadline.");
    answered = true;
  }
  if (answered) advance();
}

// What a client has for a body, or for taking an answer, shrinks while others wait for the bytes that it holds.
std::optional<Limit> Connection::late(platform::Duration taken, platform::Duration usual, Limit limit) const {
  if (taken >= usual) return limit;
  if (taken >= shared_.limits.scarce && shared_.budget.has_waiting(ByteUser::requests)) return Limit::scarce;
  return std::nullopt;
}

std::optional<Limit> Connection::expired(platform::Instant now) const {
  const Limits& limits = shared_.limits;
  if (phase_ == Phase::closed) return std::nullopt;
  if (wait_) return now - wait_begun_ >= limits.memory ? std::optional(Limit::memory) : std::nullopt;
  if (!out_.empty()) return late(now - taken_, limits.write, Limit::write);
  if (phase_ != Phase::open || !starved_) return std::nullopt;
  if (parser_.header_done()) return late(now - header_done_, limits.body, Limit::body);
  if (parser_.begun()) return now - begun_ >= limits.header ? std::optional(Limit::header) : std::nullopt;
  if (slots_.empty() && now - active_ >= limits.idle) return Limit::idle;
  return std::nullopt;
}

void Connection::expire(Limit limit) {
  switch (limit) {
    case Limit::header:
      refuse({408, "the header took too long", limit});
      return advance();
    case Limit::body:
      refuse({408, "the body took too long", limit});
      return advance();
    case Limit::memory:
      shared_.budget.shed(ByteUser::requests);
      refuse(short_of_memory);
      return advance();
    case Limit::scarce:
      return shed();
    case Limit::idle:
    case Limit::write:
      shared_.metrics.hit(limit);
      return close();
    case Limit::target_bytes:
    case Limit::header_bytes:
    case Limit::header_fields:
    case Limit::body_bytes:
    case Limit::connections:
    case Limit::in_flight:
    case Limit::unsent_bytes:
    case Limit::request:
      return;  // not a connection's clock
  }
}

}  // namespace leat::http
