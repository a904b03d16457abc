// The part of Writer that goes on after a commit that failed: when there is room again, or the state can be opened.
#include "database/transaction.h"
#include "service/writer.h"

namespace leat::service {

void Writer::drop_connection() {
  let_go();
  reactions_.clear();
  next_version_ = {};
  outbox_.reset();
  answers_.reset();
  state_.reset();
}

// What was being committed may have survived: then others are to hear of it, whether or not another command comes.
void Writer::lose_connection(const Error& why) {
  drop_connection();
  if (why.code != Code::timeout) hinder(why.what);  // a slow statement says nothing of the next one
  look_later();
}

// Told when it changes: whoever sends a thousand commands a second meets it as often.
void Writer::hinder(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(trouble_, why) == why) return;
  }
  context_.telemetry.log.error("commands cannot be committed", {{"service", context_.service}, {"why", why}});
  context_.telemetry.health.set("commands " + context_.service, false, why);
}

// SQLite has rolled back, nothing was flushed: the connection is good, and stays open, since opening takes room as
// well. Whoever sends commands may first look whether we are ready: so it is not left to the next command to find room.
void Writer::pause(const Error& error) {
  if (state_ && state_->database.in_transaction()) drop_connection();
  hinder(paused_without_space(error));
  paused_ = true;
  look_later();
}

void Writer::look_later() {
  if (std::exchange(looking_, true)) return;
  executor_->post_after(backoff_.next(context_.platform.random), [this] { look_again(); });
}

void Writer::look_at_outcome() {
  if (const auto open = ensure_open(); !open) {
    hinder(open.error().what);
    return look_later();
  }
  backoff_.reset();
  go_on();
}

void Writer::look_again() {
  looking_ = false;
  if (held_plan_) return look_later();  // its transaction is open: it will find out
  if (!paused_) return look_at_outcome();
  const auto wrote = write_something();
  if (!wrote && wrote.error().code == Code::no_space) return look_later();
  if (!wrote) return lose_connection(wrote.error());  // something else is wrong now
  go_on();
}

Result<> Writer::write_something() {
  LEAT_CHECK(ensure_open());
  LEAT_TRY(auto transaction, database::Transaction::write(state_->database));
  LEAT_CHECK(next_version_.run());
  return transaction.commit();
}

void Writer::go_on() {
  {
    const std::lock_guard lock(mutex_);
    if (trouble_.empty()) return;
    trouble_.clear();
  }
  paused_ = false;
  backoff_.reset();
  context_.telemetry.health.set("commands " + context_.service, true);
  context_.telemetry.log.info("commands go on", {{"service", context_.service}});
}

std::string Writer::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace leat::service
