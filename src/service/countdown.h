// service/countdown.h — one answer for several beginnings that end at different times.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/result.h"
#include "base/task.h"

namespace leat::service {

// Calls `done` when all that was begun has ended and this has too, with the first failure. Nothing can be forgotten:
// what is destroyed without having ended ends then, with Code::cancelled unless something else has failed. `done` comes
// on the thread where the last one ends, which may be that of a destructor: give one that goes to its own thread.
class Countdown {
  struct State {
    explicit State(Done<Result<>> done) : done(std::move(done)) {}
    State(const State&) = delete;
    ~State() {
      if (!first && dropped) first = Error{Code::cancelled, "it was given up"};
      done(first ? Result<>(fail(*std::move(first))) : Result<>());
    }
    void note(Error error) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::move(error);
    }
    void note_dropped() {
      const std::lock_guard lock(mutex);
      dropped = true;
    }

    std::mutex mutex;
    Done<Result<>> done;
    std::optional<Error> first;
    bool dropped = false;
  };

 public:
  // One beginning. One thread at a time.
  class Token {
   public:
    Token(Token&&) = default;
    Token& operator=(Token&&) = delete;
    ~Token() {
      if (state_) state_->note_dropped();
    }
    // Once.
    void end(Result<> result) {
      const auto state = std::exchange(state_, nullptr);
      LEAT_ASSERT(state != nullptr);
      if (!result) state->note(std::move(result).error());
    }

   private:
    friend class Countdown;
    explicit Token(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };

  explicit Countdown(Done<Result<>> done) : state_(std::make_shared<State>(std::move(done))) {}
  Countdown(const Countdown&) = delete;

  Token begin() { return Token(state_); }
  // What fails right here; `done` waits for the destructor all the same.
  void note(Result<> result) {
    if (!result) state_->note(std::move(result).error());
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace leat::service
