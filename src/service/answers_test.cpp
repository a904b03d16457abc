// How long answers are kept, and how many.
#include "service/answers.h"

#include <gtest/gtest.h>

#include "database/scratch.h"
#include "service/state_format.h"

namespace leat::service {
namespace {

struct Kept {
  database::Database database = database::in_memory();
  std::optional<Answers> answers;

  explicit Kept(AnswerLimits limits = {}) {
    EXPECT_TRUE(bring_to_state_format(database));
    auto prepared = Answers::prepare(database, limits);
    EXPECT_TRUE(prepared);
    answers.emplace(*std::move(prepared));
  }
  void add(const std::string& key, std::int64_t at_ms, std::string body = {}) {
    EXPECT_TRUE(answers->add({key, "request"}, {201, "application/json", {}, std::move(body)}, 7, at_ms));
  }
  std::string keys() { return database::answer(database, "select group_concat(key, '') from leat_answers"); }
};

TEST(Answers, AreFoundByTheirKey) {
  Kept kept;
  kept.add("a", 1, R"({"id":1})");
  const auto found = kept.answers->find("a");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->request, "request");
  EXPECT_EQ((*found)->response.status, 201);
  EXPECT_EQ((*found)->response.content_type, "application/json");
  EXPECT_EQ((*found)->response.body, R"({"id":1})");
  EXPECT_EQ((*found)->last_event, 7u);
  EXPECT_FALSE(kept.answers->find("b")->has_value());
}

TEST(Answers, GoWhenTheyAreOldOrTooMany) {
  struct Case {
    const char* name;
    AnswerLimits limits;
    std::int64_t now_ms;
    int steps;
    const char* left;  // of a, b, c, d: made at 0, 10, 20, 30, each of 260 bytes
    int early;
  };
  constexpr auto never = std::chrono::hours(1);
  for (const auto& [name, limits, now_ms, steps, left, early] : {
           Case{"young and few", {}, 40, 100, "abcd", 0},
           Case{"some are old", {std::chrono::milliseconds(20), 100, 10'000}, 30, 100, "cd", 0},
           Case{"all are old", {std::chrono::milliseconds(20), 100, 10'000}, 1000, 100, "NULL", 0},
           Case{"a step at a time", {std::chrono::milliseconds(20), 100, 10'000}, 1000, 1, "bcd", 0},
           Case{"too many", {never, 3, 10'000}, 40, 100, "bcd", 1},
           Case{"too many bytes", {never, 100, 520}, 40, 100, "cd", 2},
           Case{"the newest stays", {never, 0, 0}, 40, 100, "d", 3},
           Case{"the clock was set back", {std::chrono::milliseconds(20), 100, 10'000}, -1000, 100, "abcd", 0},
       }) {
    SCOPED_TRACE(name);
    Kept kept(limits);
    std::int64_t at_ms = 0;
    for (const char* key : {"a", "b", "c", "d"}) {
      kept.add(key, at_ms, std::string(84, 'x'));
      at_ms += 10;
    }
    EXPECT_EQ(kept.answers->held()->bytes, 4 * 260);
    EXPECT_EQ(*kept.answers->forget(now_ms, steps), early);
    EXPECT_EQ(kept.keys(), left);
    const auto count = left == std::string_view("NULL") ? 0 : std::string_view(left).size();
    EXPECT_EQ(kept.answers->held()->count, static_cast<std::int64_t>(count));
    EXPECT_EQ(kept.answers->held()->bytes, static_cast<std::int64_t>(count) * 260);
  }
}

}  // namespace
}  // namespace leat::service
