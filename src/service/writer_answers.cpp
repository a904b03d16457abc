// The part of Writer that remembers what keys were answered, and answers them so again.
#include <algorithm>

#include "service/writer_batch.h"

namespace leat::service {
namespace {

constexpr int forgotten_at_once = 64;  // besides twice what the transaction adds, so that it ends

}  // namespace

// True when the key has been answered before: then the command is dealt with.
Result<bool> Writer::replay(Batch& batch, Command& command) {
  if (!command.key) return false;
  LEAT_TRY(auto stored, answers_->find(command.key->id));
  if (!stored) return false;
  if (stored->request != command.key->request) {
    batch.reject(std::move(command), key_of_another_request());
  } else {
    batch.replayed.push_back({std::move(command), *std::move(stored)});
  }
  return true;
}

// With the effect, or with what the command was refused for: one transaction.
Result<> Writer::remember(Batch& batch, const Command& command, const http::Response& response,
                          std::uint64_t last_event) {
  if (!command.key || options_.faults.answers_outside_transaction) return {};
  ++batch.answers;
  return answers_->add(*command.key, response, last_event, batch.now_ms);
}

// A refusal that the command has come to: it is answered when it is on disk, as a success is.
Result<> Writer::decide_against(Batch& batch, Command& command, http::Response response) {
  const bool decision = response.status >= 400 && response.status < 500;  // nothing later would change it by itself
  if (!command.key || !decision) {
    batch.reject(std::move(command), std::move(response));
    return {};
  }
  LEAT_CHECK(remember(batch, command, response, 0));
  batch.done.push_back({std::move(command), std::move(response), 0, 0, false});
  return {};
}

// The planted fault: a crash between the two transactions forgets what was done.
Result<> Writer::remember_too_late(Batch& batch) {
  LEAT_TRY(auto transaction, database::Transaction::write(state_->database));
  for (const auto& done : batch.done)
    if (done.command.key) LEAT_CHECK(answers_->add(*done.command.key, done.response, done.last, batch.now_ms));
  return transaction.commit();
}

Result<> Writer::forget_answers(Batch& batch) {
  LEAT_TRY(batch.forgotten_early, answers_->forget(batch.now_ms, forgotten_at_once + 2 * batch.answers));
  LEAT_TRY(batch.held, answers_->held());
  return {};
}

// When it is committed, and not before.
void Writer::count_answers(const Batch& batch) {
  if (batch.forgotten_early > 0) numbers_->forgotten_early.add(static_cast<std::uint64_t>(batch.forgotten_early));
  numbers_->show(batch.held);
}

// Where its events came to lie is not stored, as it was not known yet. What is on the bus has a position that covers
// them; of the rest the token says where to look.
void Writer::tell_again(Replayed& replayed) {
  auto& [command, answer] = replayed;
  numbers_->replayed.add();
  answer.response.headers.add("Idempotent-Replayed", "true");
  if (answer.last_event == 0) return this->answer(command, std::move(answer.response));
  auto told = answer_when_told(std::move(command), std::move(answer.response), answer.last_event);
  if (answer.last_event > context_.relay->published()) return told(std::nullopt);
  context_.relay->when_published(answer.last_event, this, std::move(told));
}

}  // namespace leat::service
