#include "log/flusher.h"

#include <fmt/format.h>

namespace leat::log {
namespace {

constexpr std::size_t unanswered_max = 2;  // flushed groups whose callers wait, before the flusher lends a hand

std::optional<Error> lease(Pending& append, ByteBudget* budget) {
  if (!budget) return std::nullopt;
  if (auto leased = budget->try_take(ByteUser::appends, append.bytes)) {
    append.lease = *std::move(leased);
    return std::nullopt;
  }
  budget->shed(ByteUser::appends);
  return Error{Code::unavailable,
               fmt::format("no memory for an append of {} bytes: the budget is spent", append.bytes)};
}

// Nothing was changed, for want of space or of descriptors: the next append tries again.
bool may_pass(const Error& error) { return error.code == Code::no_space || error.code == Code::unavailable; }

}  // namespace

Flusher::Flusher(Store& store)
    : store_(store),
      publisher_(*store.publisher),
      checkpointer_(std::make_unique<Checkpointer>(store, [this] { kick(); })),
      executor_(store.platform.executors.open("log-flush", 1)),
      answers_(store.platform.executors.open("log-answer", 1)) {}

std::uint64_t Flusher::pending_bytes() const {
  const std::lock_guard lock(queue_mutex_);
  return queued_bytes_;
}

// Requires: queue_mutex_.
std::optional<Error> Flusher::refusal(const Pending& append) const {
  const std::uint64_t bytes_max = store_.options.pending_bytes_max;
  if (closed_) return Error{Code::unavailable, "the log is closed"};
  if (store_.failure.failed()) return store_.failure.error();
  if (append.bytes > bytes_max) {
    return Error{Code::too_large,
                 fmt::format("an append of {} bytes; {} are allowed (pending_bytes_max)", append.bytes, bytes_max)};
  }
  if (queued_bytes_ + append.bytes > bytes_max) {
    return Error{Code::unavailable, fmt::format("{} bytes wait to be flushed (pending_bytes_max)", queued_bytes_)};
  }
  return std::nullopt;
}

void Flusher::append(Pending append) {
  auto waiting = std::make_unique<Pending>(std::move(append));
  std::optional<Error> refused;
  {
    const std::lock_guard lock(queue_mutex_);
    refused = refusal(*waiting);
    if (!refused) refused = lease(*waiting, store_.options.budget);
    if (!refused) {
      queued_bytes_ += waiting->bytes;
      ++queued_;
      queue_.push_back(std::move(waiting));
      return schedule();
    }
  }
  refuse(std::move(waiting), *std::move(refused));
}

void Flusher::refuse(std::unique_ptr<Pending> append, Error error) {
  append->outcome = fail(std::move(error));
  append->parts = {};
  append->spans = {};
  Round round;
  round.appends.push_back(std::move(append));
  tell_later(std::move(round));
}

void Flusher::wake(std::shared_ptr<Waiter> waiter) {
  Round round;
  round.woken.push_back(std::move(waiter));
  tell_later(std::move(round));
}

// Once everything has stopped, stop() is what answers.
void Flusher::tell_later(Round round) {
  publisher_.add(std::move(round));
  const std::lock_guard lock(queue_mutex_);
  if (!stopped_) answers_->post([this] { publisher_.answer(); });
}

// Requires: queue_mutex_, under which stop() ends all posting.
void Flusher::schedule() {
  if (queued_ == 0 || stopped_ || std::exchange(scheduled_, true)) return;
  executor_->post([this] { run(); });
}

void Flusher::kick() {
  const std::lock_guard lock(queue_mutex_);
  schedule();
}

void Flusher::run() {
  bool ready = flush_once();
  answer();
  {
    const std::lock_guard lock(queue_mutex_);
    scheduled_ = false;
  }
  if (!ready) {
    // Whoever has freed a journal file meanwhile found scheduled_ set: so look again.
    const std::lock_guard lock(store_.writing);
    ready = store_.failure.failed() || store_.journal->can_rotate();
  }
  if (ready) kick();
}

// False when it must wait for a journal file.
bool Flusher::flush_once() {
  Round round;
  const std::lock_guard lock(store_.writing);
  const bool ready = journal_ready(round);
  if (ready) {
    round.group = publisher_.fresh_group();
    fill(*round.group, round);
    commit(round);
  }
  publisher_.add(std::move(round));
  return ready;
}

// The executor for answers is woken only if there is something better to do here.
void Flusher::answer() {
  const std::size_t waiting = publisher_.waiting();
  if (waiting == 0) return;
  bool more = false;
  {
    const std::lock_guard lock(queue_mutex_);
    more = queued_ > 0;
  }
  if (waiting > unanswered_max) return publisher_.finish();
  if (!more) return publisher_.answer();
  const std::lock_guard lock(queue_mutex_);
  if (!stopped_) answers_->post([this] { publisher_.answer(); });
}

bool Flusher::journal_ready(Round& round) {
  if (store_.failure.failed()) {
    refuse_all(store_.failure.error(), round);
    return true;
  }
  if (!store_.journal->full()) return true;
  if (!store_.journal->can_rotate()) return false;
  auto rotated = publisher_.publish();
  if (rotated) rotated = rotate();
  if (!rotated && !may_pass(rotated.error())) store_.failure.set(rotated.error());
  if (!rotated) refuse_all(store_.failure.failed() ? store_.failure.error() : rotated.error(), round);
  return true;
}

Result<> Flusher::rotate() {
  const std::uint64_t file = store_.journal->current_file();
  LEAT_CHECK(store_.journal->rotate([this](GroupBuilder& group) { describe_all(store_, group); }));
  checkpointer_->add(file, std::exchange(store_.dirty, {}));
  return {};
}

// Whether something is left in taken_; all that waits is taken at once. Requires: the write lock.
bool Flusher::take() {
  if (!taken_.empty()) return true;
  const std::lock_guard lock(queue_mutex_);
  taken_.swap(queue_);
  return !taken_.empty();
}

// Places what waits until the group is large enough or one has to wait for the next.
void Flusher::fill(Group& group, Round& round) {
  std::size_t appends = 0, bytes = 0;
  while (group.bytes() < store_.options.group_bytes_max && take()) {
    Pending& append = *taken_.front();
    const auto placed = group.place(append);
    if (placed && *placed == Group::Placed::next_group) break;
    if (!placed) append.outcome = fail(store_.failure.failed() ? store_.failure.error() : placed.error());
    ++appends;
    bytes += append.bytes;
    round.appends.push_back(std::move(taken_.front()));
    taken_.pop_front();
  }
  const std::lock_guard lock(queue_mutex_);
  queued_bytes_ -= bytes;
  queued_ -= appends;
}

void Flusher::commit(Round& round) {
  Group& group = *round.group;
  std::vector<std::unique_ptr<Pending>> early;  // the group has views into them
  if (store_.options.faults.acknowledge_early && !group.empty()) {
    early.swap(round.appends);
    group.fill();
    (void)group.settle(round.woken);
    for (const auto& append : early) append->decide(), append->answer();
  }
  const auto done = group.empty() ? Result<>{} : flush(group);
  if (!done) {
    for (const auto& append : round.appends)
      if (append->outcome) append->outcome = fail(done.error());
  }
  if (!done || group.empty() || !early.empty()) round.group.reset();  // nothing is left to be published
}

Result<> Flusher::flush(Group& group) {
  bool fatal = false;
  const auto begin = store_.platform.clock.now();
  auto flushed = [&]() -> Result<> {
    if (store_.failure.failed()) return fail(store_.failure.error());
    group.fill();
    return group.flush(fatal);
  }();
  if (!flushed) {
    group.undo();
    if (fatal) store_.failure.set(flushed.error());
    return fatal ? fail(store_.failure.error()) : std::move(flushed);
  }
  const auto took = static_cast<std::uint64_t>((store_.platform.clock.now() - begin).count());
  Counters& counters = store_.counters;
  ++counters.flushes;
  counters.flush_nanoseconds += took;
  counters.flush_nanoseconds_max = std::max(counters.flush_nanoseconds_max.load(), took);
  return {};
}

// Requires: the write lock.
void Flusher::refuse_all(const Error& error, Round& round) {
  const std::lock_guard lock(queue_mutex_);
  for (auto* const waiting : {&taken_, &queue_}) {
    for (auto& append : *waiting) {
      append->outcome = fail(error);
      round.appends.push_back(std::move(append));
    }
    waiting->clear();
  }
  queued_ = 0;
  queued_bytes_ = 0;
}

void Flusher::drain() {
  {
    const std::lock_guard lock(queue_mutex_);
    closed_ = true;
  }
  for (;;) {
    {
      const std::lock_guard lock(queue_mutex_);
      if (queued_ == 0) break;
    }
    if (!flush_once()) checkpointer_->finish();
  }
  // What the executor had taken before is under way until the write lock is free.
  (void)store_.quiet();
  publisher_.finish();
}

void Flusher::stop(const Error& error) {
  {
    const std::lock_guard lock(queue_mutex_);
    closed_ = stopped_ = true;
  }
  executor_.reset();  // the running task finishes and may still add to the checkpointer
  answers_.reset();
  checkpointer_.reset();
  Round left;
  {
    const std::lock_guard lock(store_.writing);
    refuse_all(error, left);
  }
  publisher_.add(std::move(left));
  publisher_.finish();
}

}  // namespace leat::log
