#include "log/flusher.h"

#include <fmt/format.h>

namespace leat::log {

Flusher::Flusher(Store& store)
    : store_(store),
      checkpointer_(std::make_unique<Checkpointer>(store, [this] { kick(); })),
      executor_(store.platform.executors.open("log-flush", 1)) {}

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
    if (!refused) {
      queued_bytes_ += waiting->bytes;
      queue_.push_back(std::move(waiting));
      return schedule();
    }
  }
  waiting->done(fail(*std::move(refused)));
}

// Requires: queue_mutex_, under which stop() ends all posting.
void Flusher::schedule() {
  if (queue_.empty() || stopped_ || std::exchange(scheduled_, true)) return;
  executor_->post([this] { run(); });
}

void Flusher::kick() {
  const std::lock_guard lock(queue_mutex_);
  schedule();
}

void Flusher::run() {
  bool ready = flush_once();
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
  const std::lock_guard flushing(flushing_);
  Effects effects;
  bool ready = false;
  {
    const std::lock_guard lock(store_.writing);
    ready = journal_ready(effects);
    if (ready) {
      Group group(store_);
      Answered in_group;
      fill(group, in_group, effects);
      if (!group.empty()) commit(group, in_group, effects);
    }
  }
  carry_out(effects);
  return ready;
}

bool Flusher::journal_ready(Effects& effects) {
  if (store_.failure.failed()) {
    refuse_all(store_.failure.error(), effects);
    return true;
  }
  if (!store_.journal->full()) return true;
  if (!store_.journal->can_rotate()) return false;
  if (const auto rotated = rotate(); !rotated) {
    if (rotated.error().code == Code::no_space) {
      refuse_all(rotated.error(), effects);
    } else {
      store_.failure.set(rotated.error());
      refuse_all(store_.failure.error(), effects);
    }
  }
  return true;
}

Result<> Flusher::rotate() {
  const std::uint64_t file = store_.journal->current_file();
  LEAT_CHECK(store_.journal->rotate([this](GroupBuilder& group) { describe_all(store_, group); }));
  checkpointer_->add(file, std::exchange(store_.dirty, {}));
  return {};
}

// Takes appends from the queue until the group is large enough or one has to wait for the next.
void Flusher::fill(Group& group, Answered& in_group, Effects& effects) {
  while (group.bytes() < store_.options.group_bytes_max) {
    std::unique_ptr<Pending> append;
    {
      const std::lock_guard lock(queue_mutex_);
      if (queue_.empty()) return;
      append = std::move(queue_.front());
      queue_.pop_front();
      queued_bytes_ -= append->bytes;
    }
    const auto placed = group.place(*append);
    if (placed && *placed == Group::Placed::next_group) {
      const std::lock_guard lock(queue_mutex_);
      queued_bytes_ += append->bytes;
      queue_.push_front(std::move(append));
      return;
    }
    if (placed) {
      in_group.push_back(std::move(append));
      continue;
    }
    append->outcome = fail(store_.failure.failed() ? store_.failure.error() : placed.error());
    effects.answered.push_back(std::move(append));
  }
}

void Flusher::commit(Group& group, Answered& in_group, Effects& effects) {
  Answered early;  // the group has views into them
  if (store_.options.faults.acknowledge_early) {
    group.publish(effects.woken);
    early.swap(in_group);
    for (auto& append : early) append->done(std::move(append->outcome));
  }
  bool fatal = false;
  const auto begin = store_.platform.clock.now();
  auto written = store_.failure.failed() ? Result<>(fail(store_.failure.error())) : group.write(fatal);
  const auto took = static_cast<std::uint64_t>((store_.platform.clock.now() - begin).count());
  if (written) {
    ++store_.counters.flushes;
    store_.counters.flush_nanoseconds += took;
    store_.counters.flush_nanoseconds_max = std::max(store_.counters.flush_nanoseconds_max.load(), took);
    if (!store_.options.faults.acknowledge_early) group.publish(effects.woken);
  } else {
    group.undo();
    if (fatal) store_.failure.set(written.error());
    for (auto& append : in_group) append->outcome = fail(fatal ? store_.failure.error() : written.error());
  }
  for (auto& append : in_group) effects.answered.push_back(std::move(append));
}

void Flusher::refuse_all(const Error& error, Effects& effects) {
  const std::lock_guard lock(queue_mutex_);
  for (auto& append : queue_) {
    append->outcome = fail(error);
    effects.answered.push_back(std::move(append));
  }
  queue_.clear();
  queued_bytes_ = 0;
}

void Flusher::carry_out(const Effects& effects) {
  for (const auto& append : effects.answered) append->done(std::move(append->outcome));
  for (const auto& waiter : effects.woken) waiter->fire();
}

void Flusher::drain() {
  {
    const std::lock_guard lock(queue_mutex_);
    closed_ = true;
  }
  for (;;) {
    {
      const std::lock_guard lock(queue_mutex_);
      if (queue_.empty()) break;
    }
    if (!flush_once()) checkpointer_->finish();
  }
  const std::lock_guard answered(flushing_);  // what the executor had taken before
}

void Flusher::stop(const Error& error) {
  {
    const std::lock_guard lock(queue_mutex_);
    closed_ = stopped_ = true;
  }
  executor_.reset();  // the running task finishes and may still add to the checkpointer
  checkpointer_.reset();
  Effects effects;
  refuse_all(error, effects);
  carry_out(effects);
}

}  // namespace leat::log
