// The half of Connection that asks for memory. How much is counted, and who goes without: docs/adr/0008-byte-budget.md.
#include "http/connection.h"

namespace leat::http {
namespace {

constexpr std::size_t unsent_step = 64 << 10;  // so that an answer that goes out bit by bit costs few leases

}  // namespace

// All that the body can become, at once: a part would have to be held while its rest waits, and many such hold each
// other up.
void Connection::lease_body() {
  const std::size_t bytes = parser_.body_bound();
  if (auto lease = shared_.budget.try_take(ByteUser::requests, bytes)) {
    body_lease_ = *std::move(lease);
    return begin_body();
  }
  await_lease(bytes);
}

// Nothing is read meanwhile, so that the client's own buffers fill and it stops sending.
void Connection::await_lease(std::size_t bytes) {
  wait_begun_ = now_;
  wait_ = shared_.budget.wait(ByteUser::requests, bytes,
                              [mailbox = loop_.mailbox(), weak = weak_from_this()](ByteBudget::Lease lease) {
                                mailbox->post([weak, lease = std::move(lease)]() mutable {
                                  if (const auto self = weak.lock()) self->on_lease(std::move(lease));
                                });
                              });
  if (wait_) return;
  shared_.budget.shed(ByteUser::requests);
  refuse(short_of_memory);
}

// It may come when we have just given up.
void Connection::on_lease(ByteBudget::Lease lease) {
  if (!wait_) return;
  wait_.reset();
  body_lease_ = std::move(lease);
  now_ = active_ = shared_.clock.now();
  begin_body();
  advance();
}

void Connection::begin_body() {
  header_done_ = now_;
  continue_due_ = parser_.wants_continue();
}

bool Connection::grow_buffer(std::size_t bytes, ByteUser user) {
  if (!buffer_.empty()) {  // the first piece belongs to what the connection costs anyway
    auto lease = shared_.budget.try_take(user, bytes);
    if (!lease) return false;
    buffer_lease_ = *std::move(lease);
  }
  buffer_.resize(bytes);
  return true;
}

// False when a client that does not take its answers can have no more of them kept for it.
bool Connection::lease_unsent() {
  if (!waiting_to_write_ && held_ == 0) {  // all is sent
    unsent_lease_ = {};
    return true;
  }
  if (phase_ == Phase::closed) return true;
  const std::size_t needed = out_.held() + held_, leased = unsent_lease_.bytes();
  if (needed <= leased) {
    if (leased - needed >= 2 * unsent_step) unsent_lease_.give_back(leased - needed - unsent_step);
    return true;
  }
  if (auto more = shared_.budget.try_take(ByteUser::answers, needed - leased + unsent_step)) {
    unsent_lease_.add(*std::move(more));
    return true;
  }
  shared_.metrics.hit(Limit::memory);
  shared_.budget.shed(ByteUser::answers);
  return false;
}

// Others wait for the bytes that this client holds and is slow with.
void Connection::shed() {
  const bool has_answers = !out_.empty();
  shared_.budget.shed(has_answers ? ByteUser::answers : ByteUser::requests);
  if (has_answers) {
    shared_.metrics.hit(Limit::scarce);
    return close();
  }
  refuse({408, "the body took too long while others waited for memory", Limit::scarce});
  advance();
}

}  // namespace leat::http
