#include "log/log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "log/test_world.h"

namespace leat::log {
namespace {

// A log on a simulated disk, reopened at will.
struct LogTest : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(world.files().make_directory("d"));
    open();
  }
  void open(Options options = {}) {
    log.reset();
    auto opened = Log::open(world.platform(), "d", options);
    ASSERT_TRUE(opened) << opened.error().what;
    log = *std::move(opened);
  }
  std::vector<Appended> must_append(std::vector<Part> parts) {
    auto appended = append(world, *log, std::move(parts));
    EXPECT_TRUE(appended) << appended.error().what;
    return appended ? *appended : std::vector<Appended>{};
  }
  std::map<std::int64_t, std::string> must_read(PartitionId id) {
    auto read = read_all(*log, id);
    EXPECT_TRUE(read) << read.error().what;
    return read ? *read : std::map<std::int64_t, std::string>{};
  }
  using Values = std::map<std::int64_t, std::string>;

  platform::SimWorld world{7};
  std::unique_ptr<Log> log;
  const PartitionId p0 = partition(0), p1 = partition(1);
};

TEST_F(LogTest, GivesOffsetsInOrderAndReadsBackWhatWasAppended) {
  ASSERT_TRUE(log->create(p0, {}));
  ASSERT_TRUE(log->create(p1, {}));
  const auto first = must_append({{p0, batch_of({"a", "b"}) + batch_of({"c"})}, {p1, batch_of({"x"})}});
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].first, Offset{0});
  EXPECT_EQ(first[0].next, Offset{3});
  const auto second = must_append({{p0, batch_of({"d"})}});
  EXPECT_EQ(second[0].first, Offset{3});
  EXPECT_EQ(must_read(p0), (Values{{0, "a"}, {1, "b"}, {2, "c"}, {3, "d"}}));
  EXPECT_EQ(must_read(p1), (Values{{0, "x"}}));
  const auto from_inside = log->read(p0, Offset{1}, 1);
  ASSERT_TRUE(from_inside);
  EXPECT_EQ(read_header(from_inside->batches)->base_offset, Offset{0});
  EXPECT_EQ(from_inside->next, Offset{2});
}

TEST_F(LogTest, KeepsEverythingOverACloseAndACleanStartKeepsTheEpoch) {
  ASSERT_TRUE(log->create(p0, {}));
  must_append({{p0, batch_of({"a"})}});
  ASSERT_TRUE(log->close());
  open();
  EXPECT_TRUE(log->recovery().clean);
  EXPECT_EQ(log->bounds(p0)->epoch, Epoch{0});
  must_append({{p0, batch_of({"b"})}});
  EXPECT_EQ(must_read(p0), (Values{{0, "a"}, {1, "b"}}));
}

TEST_F(LogTest, KeepsEverythingOverAKillAndBeginsANewEpochThere) {
  ASSERT_TRUE(log->create(p0, {}));
  must_append({{p0, batch_of({"a"})}});
  open();
  EXPECT_FALSE(log->recovery().clean);
  must_append({{p0, batch_of({"b"})}});
  open();
  must_append({{p0, batch_of({"c"})}});
  EXPECT_EQ(must_read(p0), (Values{{0, "a"}, {1, "b"}, {2, "c"}}));
  const auto epochs = log->epochs(p0);
  ASSERT_TRUE(epochs);
  ASSERT_EQ(epochs->size(), 3u);
  EXPECT_EQ(epochs->back().epoch, Epoch{2});
  EXPECT_EQ(epochs->back().start, Offset{2});
  EXPECT_EQ(log->bounds(p0)->epoch, Epoch{2});
}

TEST_F(LogTest, AnswersEachMistakeWithItsCode) {
  ASSERT_TRUE(log->create(p0, {}));
  EXPECT_EQ(log->create(p0, {}).error().code, Code::conflict);
  EXPECT_EQ(append(world, *log, {{p1, batch_of({"a"})}}).error().code, Code::not_found);
  EXPECT_EQ(append(world, *log, {{p0, "nonsense"}}).error().code, Code::invalid);
  std::string flipped = batch_of({"a"});
  flipped.back() ^= 1;
  EXPECT_EQ(append(world, *log, {{p0, flipped}}).error().code, Code::invalid);
  EXPECT_EQ(log->read(p0, Offset{1}, 100).error().code, Code::invalid);
  EXPECT_EQ(log->read(p1, Offset{0}, 100).error().code, Code::not_found);
  EXPECT_TRUE(log->read(p0, Offset{0}, 100)->batches.empty());
}

TEST_F(LogTest, RollsAndReadsAcrossSegments) {
  ASSERT_TRUE(log->create(p0, {.segment_bytes = 300}));
  Values expected;
  for (int i = 0; i < 40; ++i) {
    const std::string value = fmt::format("value {}", i);
    must_append({{p0, batch_of({value})}});
    expected.emplace(i, value);
  }
  EXPECT_EQ(must_read(p0), expected);
  open();
  EXPECT_EQ(must_read(p0), expected);
  ASSERT_TRUE(log->close());
  open();
  EXPECT_EQ(must_read(p0), expected);
}

TEST_F(LogTest, LargePartsGoPastTheJournalAndStayAtomic) {
  open({.direct_bytes = 1000});
  ASSERT_TRUE(log->create(p0, {}));
  ASSERT_TRUE(log->create(p1, {}));
  const std::string large(5000, 'L');
  must_append({{p0, batch_of({"a"})}, {p0, batch_of({large})}, {p1, batch_of({"x"})}, {p0, batch_of({"b"})}});
  EXPECT_GT(log->stats().direct_bytes, 5000u);
  open({.direct_bytes = 1000});
  EXPECT_EQ(must_read(p0), (Values{{0, "a"}, {1, large}, {2, "b"}}));
  EXPECT_EQ(must_read(p1), (Values{{0, "x"}}));
}

TEST_F(LogTest, WakesWhoWaitsOnceAndOnlyPastWhatWasSeen) {
  ASSERT_TRUE(log->create(p0, {}));
  int woken = 0, cancelled = 0;
  auto waits = log->when_past(p0, Offset{0}, [&] { ++woken; });
  auto cancels = log->when_past(p0, Offset{0}, [&] { ++cancelled; });
  cancels.reset();
  world.run();
  EXPECT_EQ(woken, 0);
  must_append({{p0, batch_of({"a"})}});
  world.run();
  EXPECT_EQ(woken, 1);
  auto at_once = log->when_past(p0, Offset{0}, [&] { ++woken; });
  world.run();
  EXPECT_EQ(woken, 2);
  auto at_stop = log->when_past(p0, Offset{1}, [&] { ++woken; });
  log.reset();
  EXPECT_EQ(woken, 3);
  EXPECT_EQ(cancelled, 0);
}

TEST_F(LogTest, FindsOffsetsByTime) {
  ASSERT_TRUE(log->create(p0, {.segment_bytes = 400}));
  for (int i = 0; i < 30; ++i) must_append({{p0, batch_of({"v"}, 100 * i)}});
  EXPECT_EQ(log->offset_at(p0, -5), Offset{0});
  EXPECT_EQ(log->offset_at(p0, 1000), Offset{10});
  EXPECT_EQ(log->offset_at(p0, 1001), Offset{11});
  EXPECT_EQ(log->offset_at(p0, 2901), Offset{30});
}

TEST_F(LogTest, DeletesBeforeExactlyAndNamesTheLostRange) {
  ASSERT_TRUE(log->create(p0, {.segment_bytes = 200}));
  for (int i = 0; i < 10; ++i) must_append({{p0, batch_of({fmt::format("{}", i)})}});
  ASSERT_TRUE(log->delete_before(p0, Offset{5}));
  const auto gone = log->read(p0, Offset{2}, 100);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Code::history_lost);
  EXPECT_THAT(gone.error().what, testing::HasSubstr("[2, 5)"));
  open();
  EXPECT_EQ(log->bounds(p0)->start, Offset{5});
  EXPECT_EQ(must_read(p0).size(), 5u);
  ASSERT_TRUE(log->delete_before(p0, Offset{10}));
  must_append({{p0, batch_of({"next"})}});
  open();
  EXPECT_EQ(must_read(p0), (Values{{10, "next"}}));
}

TEST_F(LogTest, RetentionDeletesWholeSegmentsBySizeAndByTime) {
  ASSERT_TRUE(log->create(p0, {.segment_bytes = 150, .retention_ms = 1000}));
  for (int i = 0; i < 10; ++i) must_append({{p0, batch_of({"v"}, 100 * i)}});
  EXPECT_EQ(log->apply_retention(p0, 1000), Offset{0});
  const auto start = log->apply_retention(p0, 1500);
  ASSERT_TRUE(start);
  EXPECT_GE(*start, Offset{4});
  EXPECT_LE(*start, Offset{5});
  ASSERT_TRUE(log->configure(p0, {.segment_bytes = 150, .retention_bytes = 150}));
  EXPECT_EQ(log->apply_retention(p0, 0), Offset{6});
  open();
  EXPECT_EQ(must_read(p0).rbegin()->first, 9);
}

TEST_F(LogTest, RemovesForGood) {
  ASSERT_TRUE(log->create(p0, {}));
  ASSERT_TRUE(log->create(p1, {}));
  must_append({{p0, batch_of({"a"})}, {p1, batch_of({"b"})}});
  ASSERT_TRUE(log->remove(p0));
  EXPECT_EQ(log->read(p0, Offset{0}, 10).error().code, Code::not_found);
  open();
  EXPECT_EQ(log->partitions(), std::vector{p1});
  ASSERT_TRUE(log->create(p0, {}));
  must_append({{p0, batch_of({"again"})}});
  open();
  EXPECT_EQ(must_read(p0), (Values{{0, "again"}}));
}

TEST_F(LogTest, ReplacesHistoryAtOneInstant) {
  ASSERT_TRUE(log->create(p0, {.segment_bytes = 250}));
  for (int i = 0; i < 20; ++i) must_append({{p0, batch_of({fmt::format("{}", i)})}});
  std::string kept;
  for (const int offset : {3, 8}) {
    std::string batch = batch_of({fmt::format("kept {}", offset)});
    stamp(batch.data(), Offset{offset}, Epoch{0});
    kept += batch;
  }
  ASSERT_TRUE(log->replace_before(p0, Offset{13}, kept));
  const auto check = [&] {
    const auto values = must_read(p0);
    EXPECT_EQ(values.size(), 9u);
    EXPECT_EQ(values.at(3), "kept 3");
    EXPECT_EQ(values.at(13), "13");
    EXPECT_EQ(log->read(p0, Offset{9}, 1)->next, Offset{14});
  };
  check();
  must_append({{p0, batch_of({"after"})}});
  ASSERT_TRUE(log->replace_before(p0, Offset{21}, ""));
  EXPECT_TRUE(must_read(p0).empty());
  must_append({{p0, batch_of({"later"})}});
  open();
  EXPECT_EQ(must_read(p0), (Values{{21, "later"}}));
  ASSERT_TRUE(log->close());
  open();
  EXPECT_EQ(must_read(p0), (Values{{21, "later"}}));
}

TEST_F(LogTest, JournalFilesTakeTurns) {
  const Options small{.journal_bytes = 32 << 10};
  open(small);
  ASSERT_TRUE(log->create(p0, {.segment_bytes = 20000}));
  Values expected;
  for (int i = 0; i < 200; ++i) {
    const std::string value = fmt::format("{} {}", i, std::string(500, 'v'));
    must_append({{p0, batch_of({value})}});
    expected.emplace(i, value);
  }
  EXPECT_GT(log->stats().checkpoints, 3u);
  EXPECT_LE(world.files().list("d/journal")->size(), 3u);
  open(small);
  EXPECT_EQ(must_read(p0), expected);
  ASSERT_TRUE(log->close());
  EXPECT_EQ(append(world, *log, {{p0, batch_of({"late"})}}).error().code, Code::unavailable);
  open(small);
  EXPECT_TRUE(log->recovery().clean);
  EXPECT_EQ(must_read(p0), expected);
}

TEST_F(LogTest, AFullDiskFailsAppendsUntilThereIsSpace) {
  ASSERT_TRUE(log->create(p0, {}));
  must_append({{p0, batch_of({"a"})}});
  world.files().set_capacity(1);
  const auto refused = append(world, *log, {{p0, batch_of({std::string(100 << 10, 'x')})}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::no_space);
  EXPECT_EQ(must_read(p0), (Values{{0, "a"}}));
  world.files().set_capacity(0);
  must_append({{p0, batch_of({"b"})}});
  open();
  EXPECT_EQ(must_read(p0), (Values{{0, "a"}, {1, "b"}}));
}

TEST_F(LogTest, LettingGoOfAWaiterCancelsItAlsoWhileOthersAreWoken) {
  ASSERT_TRUE(log->create(p0, {}));
  std::shared_ptr<void> first, second;
  int woken = 0;
  first = log->when_past(p0, Offset{0}, [&] { ++woken, second.reset(); });
  second = log->when_past(p0, Offset{0}, [&] { ++woken, first.reset(); });
  must_append({{p0, batch_of({"a"})}});
  EXPECT_EQ(woken, 1);
}

TEST_F(LogTest, AFailedFlushOfANewPartitionStopsTheLogToo) {
  ASSERT_TRUE(log->create(p0, {}));
  world.files().fail_next_sync();
  EXPECT_EQ(log->create(p1, {}).error().code, Code::unavailable);
  EXPECT_EQ(log->create(p1, {}).error().code, Code::unavailable);
  EXPECT_EQ(append(world, *log, {{p0, batch_of({"a"})}}).error().code, Code::unavailable);
}

TEST_F(LogTest, AfterAFailedFlushNothingIsAcknowledgedAndReadsGoOn) {
  ASSERT_TRUE(log->create(p0, {}));
  must_append({{p0, batch_of({"a"})}});
  world.files().fail_next_sync();
  EXPECT_EQ(append(world, *log, {{p0, batch_of({"b"})}}).error().code, Code::unavailable);
  EXPECT_EQ(append(world, *log, {{p0, batch_of({"c"})}}).error().code, Code::unavailable);
  EXPECT_EQ(log->create(p1, {}).error().code, Code::unavailable);
  EXPECT_FALSE(log->close());
  EXPECT_EQ(must_read(p0), (Values{{0, "a"}}));
  open();
  EXPECT_EQ(must_read(p0).at(0), "a");
  must_append({{p0, batch_of({"d"})}});
}

// A life that ends before its first checkpoint adds a file and frees none.
TEST_F(LogTest, LivesThatAllEndEarlyDoNotGatherJournalFiles) {
  ASSERT_TRUE(log->create(p0, {}));
  for (int life = 0; life < 12; ++life) {
    must_append({{p0, batch_of({std::to_string(life)})}});
    open();
    EXPECT_LE(world.files().list("d/journal")->size(), 3u) << "life " << life;
  }
  EXPECT_EQ(must_read(p0).size(), 12u);
}

TEST_F(LogTest, RefusesSizesThatRecoveryCouldNotReadBack) {
  for (const Options& options : {Options{.journal_bytes = 2ull << 30}, Options{.group_bytes_max = 1ull << 30},
                                 Options{.direct_bytes = 1ull << 30}}) {
    const auto refused = Log::open(world.platform(), "d", options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::invalid);
  }
}

TEST_F(LogTest, RefusesMoreThanItsBounds) {
  open({.pending_bytes_max = 1000});
  ASSERT_TRUE(log->create(p0, {}));
  EXPECT_EQ(append(world, *log, {{p0, batch_of({std::string(2000, 'x')})}}).error().code, Code::too_large);
  std::vector<Code> codes;
  for (int i = 0; i < 4; ++i) {
    log->append({{p0, batch_of({std::string(400, 'x')})}}, [&](auto answer) {
      if (!answer) codes.push_back(answer.error().code);
    });
  }
  world.run();
  EXPECT_EQ(codes, (std::vector{Code::unavailable, Code::unavailable}));
  EXPECT_EQ(log->bounds(p0)->durable_end, Offset{2});
}

TEST_F(LogTest, WaitingAppendsAreLeasedUntilTheyAreAnswered) {
  ByteBudget budget(1000);
  open({.budget = &budget});
  ASSERT_TRUE(log->create(p0, {}));
  std::vector<Code> codes;
  for (int i = 0; i < 4; ++i) {
    log->append({{p0, batch_of({std::string(400, 'x')})}}, [&](auto answer) {
      if (!answer) codes.push_back(answer.error().code);
    });
  }
  EXPECT_GT(budget.usage(ByteUser::appends).leased, 800u);
  EXPECT_EQ(budget.usage(ByteUser::appends).sheds, 2u);
  world.run();
  EXPECT_EQ(codes, (std::vector{Code::unavailable, Code::unavailable})) << "as many as the budget holds";
  EXPECT_EQ(log->bounds(p0)->durable_end, Offset{2});
  EXPECT_EQ(budget.available(), 1000u);
  log.reset();
}

}  // namespace
}  // namespace leat::log
