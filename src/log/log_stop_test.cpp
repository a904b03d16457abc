// How a log ends: whatever waits is answered, also what the answers ask for.
#include <optional>

#include "log/test_world.h"

namespace leat::log {
namespace {

const PartitionId p0 = partition(0);

struct LogStop : testing::Test {
  void open(std::uint64_t seed, Options options = {}) {
    log.reset();
    world.emplace(seed);
    ASSERT_TRUE(world->files().make_directory("d"));
    auto opened = Log::open(world->platform(), "d", options);
    ASSERT_TRUE(opened) << opened.error().what;
    log = *std::move(opened);
    known = log.get();
    ASSERT_TRUE(log->create(p0, {}));
  }
  void append_for_ever() {
    known->append({{p0, batch_of({"a"})}}, [this](const auto& outcome) {
      if (outcome) ++acknowledged;
      if (!outcome) refused.push_back(outcome.error().code);
      if (refused.size() < 5) append_for_ever();
    });
  }

  std::optional<platform::SimWorld> world;
  std::unique_ptr<Log> log;
  Log* known = nullptr;  // also while it is being destroyed
  int acknowledged = 0;
  std::vector<Code> refused;
};

// Whoever waits for a journal file when something else stops the log must hear of it.
TEST_F(LogStop, AnswersEveryAppendWhateverFailed) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    open(seed, {.journal_bytes = 4096});
    int answered = 0;
    for (int i = 0; i < 20; ++i) {
      log->append({{p0, batch_of({"a"})}}, [&](auto) { ++answered; });
      world->run(world->choose(3));
    }
    world->files().fail_next_sync();
    EXPECT_FALSE(log->configure(p0, {}));
    world->run();
    EXPECT_EQ(answered, 20) << "seed " << seed;
    log.reset();
  }
}

TEST_F(LogStop, AnswersCancelledWhenItIsDestroyed) {
  open(1);
  std::optional<Code> code;
  log->append({{p0, batch_of({"x"})}}, [&](auto answer) { code = answer.error().code; });
  log.reset();
  EXPECT_EQ(code, Code::cancelled);
}

// The usual client sends its next record when the one before is answered.
TEST_F(LogStop, AnAnswerMayAppendWhileTheLogIsDestroyed) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    refused.clear();
    open(seed);
    append_for_ever();
    world->run(world->choose(20));
    log.reset();
    EXPECT_EQ(refused.size(), 5u);
    EXPECT_EQ(refused.front(), Code::cancelled);
    EXPECT_EQ(refused.back(), Code::unavailable);
  }
}

TEST_F(LogStop, AnAnswerMayAppendWhileTheLogIsClosed) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    refused.clear();
    acknowledged = 0;
    open(seed);
    append_for_ever();
    world->run(world->choose(20));
    EXPECT_TRUE(log->close());
    world->run();
    EXPECT_EQ(refused, std::vector(5, Code::unavailable));
    EXPECT_EQ(log->bounds(p0)->durable_end.value, acknowledged);
  }
}

TEST_F(LogStop, WhoeverIsWokenMayWaitAgain) {
  open(1);
  std::vector<std::shared_ptr<void>> waits;
  int woken = 0;
  std::function<void()> wait = [&] {
    waits.push_back(known->when_past(p0, Offset{0}, [&] {
      if (++woken < 3) wait();
    }));
  };
  wait();
  log.reset();
  EXPECT_EQ(woken, 3);
}

TEST_F(LogStop, ACloseThatFailedHasFailedForGood) {
  open(1);
  ASSERT_TRUE(append(*world, *log, {{p0, batch_of({"a"})}}));
  world->files().fail_next_sync();
  const auto first = log->close();
  ASSERT_FALSE(first);
  const auto second = log->close();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what, first.error().what);
}

}  // namespace
}  // namespace leat::log
