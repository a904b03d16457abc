// service/answers.h — what keys have been answered: rows of the state database, written in the transaction of the
// effect, so that whoever asks again after a crash is told the same. Format: docs/formats/state-database.md
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "database/database.h"
#include "http/http.h"
#include "service/idempotency.h"

namespace leat::service {

struct AnswerLimits {
  std::chrono::milliseconds kept = std::chrono::hours(24);  // then an answer may go
  std::int64_t count_max = 1'000'000;                       // beyond these the oldest goes before its time
  std::int64_t bytes_max = 256 << 20;
};

struct StoredAnswer {
  std::string request;  // IdempotencyKey::request
  http::Response response;
  std::uint64_t last_event = 0;  // number in the outbox; 0: the command sent none
};

struct AnswersHeld {
  std::int64_t count = 0, bytes = 0;
};

// The statements over leat_answers, prepared on the writer's connection. All of it in a transaction.
class Answers {
 public:
  static Result<Answers> prepare(database::Database&, const AnswerLimits&);

  Result<std::optional<StoredAnswer>> find(const std::string& key_id);
  // Requires: find() has found none.
  Result<> add(const IdempotencyKey&, const http::Response&, std::uint64_t last_event, std::int64_t now_ms);
  // Removes some of what is too old or too much: at most `steps`. Returns how many had to go before their time.
  Result<int> forget(std::int64_t now_ms, int steps);
  Result<AnswersHeld> held();

 private:
  struct End {
    std::int64_t number = 0, made_ms = 0, bytes = 0;  // bytes: of all before it, or up to its end
  };
  explicit Answers(const AnswerLimits& limits) : limits_(limits) {}
  Result<std::optional<End>> end(database::Statement&);

  AnswerLimits limits_;
  database::Statement find_, add_, delete_, first_, last_;
};

}  // namespace leat::service
