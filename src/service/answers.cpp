#include "service/answers.h"

#include <string_view>

#include <fmt/format.h>

namespace leat::service {
namespace {

// What a row costs: its texts, and about this much for the rest of it and its place in the index.
constexpr std::string_view bytes_of_row = "(160 + length(content_type) + length(body))";

AnswersHeld between(std::int64_t first, std::int64_t last, std::int64_t before, std::int64_t up_to) {
  return {last - first + 1, up_to - before};
}

}  // namespace

// Numbers rise by one and rows go from the oldest on, so both ends tell how many there are; `bytes_before` runs along
// in the same way. Nothing is counted at a start.
Result<Answers> Answers::prepare(database::Database& database, const AnswerLimits& limits) {
  Answers out(limits);
  LEAT_TRY(out.find_, database.prepare("select request, status, content_type, body, last_event from leat_answers "
                                       "where key = ?1"));
  const auto newest = fmt::format("bytes_before + {} from leat_answers order by number desc limit 1", bytes_of_row);
  LEAT_TRY(out.add_, database.prepare(fmt::format("insert into leat_answers (key, request, made_ms, status, "
                                                  "content_type, body, last_event, bytes_before) values (?1, ?2, ?3, "
                                                  "?4, ?5, ?6, ?7, coalesce((select {}), 0))",
                                                  newest)));
  LEAT_TRY(out.delete_, database.prepare("delete from leat_answers where number = ?1"));
  LEAT_TRY(out.first_,
           database.prepare("select number, made_ms, bytes_before from leat_answers order by number limit 1"));
  LEAT_TRY(out.last_, database.prepare(fmt::format("select number, made_ms, {}", newest)));
  return out;
}

Result<std::optional<StoredAnswer>> Answers::find(const std::string& key_id) {
  find_.bind_text(1, key_id);
  LEAT_TRY(const bool row, find_.step());
  if (!row) return std::nullopt;
  StoredAnswer out;
  out.request = find_.text(0);
  out.response.status = static_cast<int>(find_.integer(1));
  out.response.content_type = find_.text(2);
  out.response.body = find_.blob(3);
  out.last_event = static_cast<std::uint64_t>(find_.integer(4));
  find_.reset();
  return out;
}

Result<> Answers::add(const IdempotencyKey& key, const http::Response& response, std::uint64_t last_event,
                      std::int64_t now_ms) {
  add_.bind_text(1, key.id).bind_text(2, key.request).bind(3, now_ms).bind(4, response.status);
  add_.bind_text(5, response.content_type).bind_blob(6, response.body);
  return add_.bind(7, static_cast<std::int64_t>(last_event)).run();
}

Result<int> Answers::forget(std::int64_t now_ms, int steps) {
  LEAT_TRY(const auto last, end(last_));
  int early = 0;
  for (; last && steps > 0; --steps) {
    LEAT_TRY(const auto first, end(first_));
    if (!first) break;
    const auto held = between(first->number, last->number, first->bytes, last->bytes);
    const bool old = now_ms - first->made_ms >= limits_.kept.count();
    const bool too_much = held.count > limits_.count_max || held.bytes > limits_.bytes_max;
    if (!old && (!too_much || first->number == last->number)) break;
    LEAT_CHECK(delete_.bind(1, first->number).run());
    early += !old;
  }
  return early;
}

Result<AnswersHeld> Answers::held() {
  LEAT_TRY(const auto first, end(first_));
  LEAT_TRY(const auto last, end(last_));
  if (!first || !last) return AnswersHeld{};
  return between(first->number, last->number, first->bytes, last->bytes);
}

Result<std::optional<Answers::End>> Answers::end(database::Statement& statement) {
  LEAT_TRY(const bool row, statement.step());
  if (!row) return std::nullopt;
  const End out{statement.integer(0), statement.integer(1), statement.integer(2)};
  statement.reset();
  return out;
}

}  // namespace leat::service
