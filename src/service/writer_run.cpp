// The part of Writer that runs commands: one transaction for all that waits, a savepoint for each.
#include <algorithm>

#include <fmt/format.h>

#include "database/deadline.h"
#include "database/transaction.h"
#include "service/writer_batch.h"

namespace leat::service {
namespace {

http::Response not_committed(const Error& error) {
  const bool told = error.code == Code::no_space || error.code == Code::timeout;
  const int status = told ? http::status_of(error.code) : 503;
  return http::problem(status, "The service cannot do this now", error.what);
}

}  // namespace

void Writer::execute(std::vector<Command> commands) {
  numbers_->batch.observe(static_cast<double>(commands.size()));
  Batch batch;
  batch.commands = std::move(commands);
  const auto ran = run_batch(batch);
  if (ran && !batch.done.empty()) go_on();
  if (!ran) fail_batch(batch, ran.error());
  tell(batch);
}

Result<> Writer::run_batch(Batch& batch) {
  LEAT_CHECK(ensure_open());
  batch.now_ms = context_.platform.clock.unix_ms();
  state_->database.set_now(batch.now_ms);
  LEAT_TRY(auto transaction, database::Transaction::write(state_->database));
  for (auto& command : batch.commands) {
    run_one(batch, command);
    if (batch.fatal) return fail(*batch.fatal);
  }
  batch.commands.clear();
  if (batch.done.empty()) return {};  // nothing changed: rolled back
  LEAT_CHECK(finish_batch(batch));
  LEAT_CHECK(transaction.commit());
  count_answers(batch);
  return options_.faults.answers_outside_transaction ? remember_too_late(batch) : Result<>();
}

Result<> Writer::finish_batch(Batch& batch) {
  if (std::ranges::any_of(batch.done, &Batch::Done::changed)) LEAT_CHECK(next_version_.run());
  LEAT_CHECK(forget_answers(batch));
  const auto published = context_.relay->published();
  if (published > forgotten_) {
    LEAT_CHECK(outbox_->forget(published));
    forgotten_ = published;
  }
  if (options_.faults.acknowledge_before_commit) {
    for (auto& done : batch.done) std::exchange(done.command.reply, nullptr)(done.response);
  }
  return {};
}

// Ends in one of the batch's lists. A failure is the database's and takes the whole transaction along.
void Writer::run_one(Batch& batch, Command& command) {
  auto ran = try_one(batch, command);
  if (ran) return;
  batch.fatal = std::move(ran).error();
  if (batch.fatal->code == Code::timeout)
    batch.fatal->what = "its statements were stopped: they took longer than a command may";
  batch.rejected.push_back({std::move(command), not_committed(*batch.fatal)});
}

Result<> Writer::try_one(Batch& batch, Command& command) {
  auto reject = [&](http::Response response) {
    batch.reject(std::move(command), std::move(response));
    return Result<>();
  };
  const auto now = context_.platform.clock.now();
  if (command.deadline != platform::Instant{} && now > command.deadline)
    return reject(http::problem(503, "Too late", "the request's time was over before it began"));
  if (stopping_ && now > latest(now)) return reject(overloaded("the service is stopping"));
  LEAT_TRY(const bool replayed, replay(batch, command));
  if (replayed) return {};
  if (command.decided) return decide_against(batch, command, *std::exchange(command.decided, std::nullopt));
  if (command.service != plan_) return reject(overloaded("the definition has just changed"));
  if (!command.plan().emit.empty() && context_.relay->waiting() + batch.rows.size() >= options_.outbox_rows_max)
    return reject(overloaded("the outbox is full: the bus does not take events"));
  auto reaction = this->reaction(command.index);
  if (!reaction) return reject(http::problem(500, "The service is broken", reaction.error().what));
  return react(batch, command, **reaction);
}

Result<> Writer::react(Batch& batch, Command& command, Reaction& reaction) {
  auto& clock = context_.platform.clock;
  const database::Deadline deadline(state_->database, clock, latest(clock.now()), &given_up_);
  LEAT_TRY(auto savepoint, database::Savepoint::open(state_->database));
  auto effect = reaction.run(command.inputs(), command.if_match);
  if (effect) return keep_effect(batch, command, *std::move(effect), savepoint);
  if (effect.error().fatal) return fail(*std::move(effect.error().fatal));
  LEAT_CHECK(savepoint.undo());
  return decide_against(batch, command, std::move(effect.error().response));
}

// What it leaves besides its own rows: events, and the answer if it has a key.
Result<> Writer::keep_effect(Batch& batch, Command& command, Effect effect, database::Savepoint& savepoint) {
  auto rows = seal_events(std::move(effect.events), command, batch.now_ms);
  if (!rows) {
    LEAT_CHECK(savepoint.undo());
    return decide_against(batch, command, http::problem(413, "An event is too large", rows.error().what));
  }
  for (auto& row : *rows) LEAT_CHECK(outbox_->add(row));
  const auto first = rows->empty() ? 0 : rows->front().number;
  const auto last = rows->empty() ? 0 : rows->back().number;
  LEAT_CHECK(remember(batch, command, effect.response, last));
  LEAT_CHECK(savepoint.keep());
  std::move(rows->begin(), rows->end(), std::back_inserter(batch.rows));
  batch.done.push_back({std::move(command), std::move(effect.response), first, last});
  return {};
}

// Code::too_large when the bus would not take one of them: once committed, it would hold up all behind it for ever.
Result<std::vector<OutboxRow>> Writer::seal_events(std::vector<DraftEvent> events, const Command& command,
                                                   std::int64_t now_ms) const {
  std::vector<OutboxRow> rows;
  if (events.empty()) return rows;
  const auto id = Uuid::v7(now_ms, context_.platform.random.bytes16()).text();  // of the command itself
  const Origin origin{"/" + context_.system + "/" + context_.service, now_ms, command.traceparent,
                      command.correlationid.empty() ? id : command.correlationid, id};
  const auto most = context_.relay->record_bytes_max();
  for (auto& event : events) {
    const auto& plan = *event.event;
    rows.push_back(seal(std::move(event), origin, context_.relay->partitions(plan.topic), context_.platform.random));
    if (const auto bytes = bus::payload_bytes(rows.back().record); bytes > most)
      return fail(Code::too_large, fmt::format("event {} has {} bytes with its headers; {} are allowed "
                                               "(record_bytes_max)",
                                               plan.name, bytes, most));
  }
  return rows;
}

// Nothing of the batch has happened, so neither has what some were rejected for. A deferred constraint shows only at
// the commit: then each command is tried alone, in order, so that one cannot take the others with it.
void Writer::fail_batch(Batch& batch, const Error& error) {
  const bool constraint = error.code == Code::conflict || error.code == Code::invalid;
  const bool changed = !batch.done.empty() && batch.done.front().changed;
  auto undone = take_undone(batch);
  batch.rows.clear();
  const bool one_was_slow = error.code == Code::timeout && !given_up_;  // and took the others with it
  if ((constraint && undone.size() > 1) || one_was_slow) {
    for (auto& command : undone) {
      std::vector<Command> alone;
      alone.push_back(std::move(command));
      execute(std::move(alone));
    }
    return;
  }
  auto response = constraint ? http::problem(409, "Contradicts what exists", error.what) : not_committed(error);
  if (constraint && undone.size() == 1 && changed && undone.front().key) {
    undone.front().decided = std::move(response);
    return execute(std::move(undone));
  }
  for (auto& command : undone)
    if (command.reply) batch.rejected.push_back({std::move(command), response});
  batch.commands.clear();
  if (constraint) return;
  if (error.code == Code::no_space) return pause(error);
  lose_connection(error);
}

// Of a statement that begins now. All that waits when the service stops has as long together as one command has.
platform::Instant Writer::latest(platform::Instant now) const {
  const auto usual = now + options_.command_time_max;
  if (!stopping_) return usual;
  const std::lock_guard lock(mutex_);
  return draining_ ? std::min(usual, drain_until_) : usual;
}

// In their order: what was done, whatever was rejected after the first of it, and what was not begun.
std::vector<Command> Writer::take_undone(Batch& batch) {
  std::vector<Command> out;
  auto [doubtful, end] = std::ranges::stable_partition(batch.rejected, [](const auto& one) { return one.after == 0; });
  const auto first = doubtful;
  for (std::size_t i = 0; i < batch.done.size(); ++i) {
    out.push_back(std::move(batch.done[i].command));
    for (; doubtful != end && doubtful->after == i + 1; ++doubtful) out.push_back(std::move(doubtful->command));
  }
  batch.rejected.erase(first, end);
  batch.done.clear();
  for (auto& command : batch.commands)  // those after one that lost the transaction
    if (command.reply) out.push_back(std::move(command));
  return out;
}

Result<Reaction*> Writer::reaction(std::size_t index) {
  auto& slot = reactions_[index];
  if (!slot) {
    LEAT_TRY(slot, Reaction::prepare(state_->database, plan_->commands[index],
                                     {options_.command_events_max, options_.command_event_bytes_max}));
  }
  return &*slot;
}

}  // namespace leat::service
