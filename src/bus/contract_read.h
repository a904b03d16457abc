// bus/contract_read.h — readers and positions: what every Bus promises to those who read.
#pragma once

#include "bus/contract_fixture.h"

namespace leat::bus::contract {

TEST_P(Contract, ARecordComesBackAsItWas) {
  const Topic posts = topic("posts");
  const std::vector<Record> records{
      {.timestamp_ms = 1'700'000'000'123, .key = "k", .value = "v", .headers = {{"a", "1"}, {"b", ""}, {"a", "2"}}},
      {.timestamp_ms = 5, .key = std::nullopt, .value = "no key", .headers = {}},
      {.timestamp_ms = 1'700'000'000'000, .key = "", .value = "", .headers = {}},
      {.timestamp_ms = 6, .key = "gone", .value = std::nullopt, .headers = {{"tombstone", "yes"}}},
      {.timestamp_ms = 7, .key = std::string("\0\xff", 2), .value = std::string(3, '\0'), .headers = {}},
      {.timestamp_ms = 8, .key = "big", .value = std::string(700'000, 'b'), .headers = {}},
  };
  const auto outbox = source();
  std::vector<Publication> publications;
  for (const Record& record : records) publications.push_back({publications.size() + 1, posts.id, {0}, record});
  publish_ok(*outbox, publications);
  const auto seen = read(*reader(posts, from_start(posts)), records.size());
  ASSERT_EQ(seen.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(seen[i].timestamp_ms, records[i].timestamp_ms);
    EXPECT_EQ(seen[i].key, records[i].key);
    EXPECT_EQ(seen[i].value, records[i].value);
    EXPECT_EQ(seen[i].headers, records[i].headers);
  }
}

TEST_P(Contract, AReaderGoesOnFromThePositionItReached) {
  const Topic posts = topic("posts", 2);
  const auto outbox = source();
  Strings expected, got;
  for (std::uint64_t n = 1; n <= 40; ++n) {
    publish_ok(*outbox, {event(n, posts, static_cast<std::int32_t>(n % 2), std::to_string(n))});
    expected.push_back(std::to_string(n));
  }
  auto from = from_start(posts);
  // A new reader for every step, each from where the one before had come to.
  while (got.size() < expected.size()) {
    const auto delivery = next(*reader(posts, from), 1);
    ASSERT_TRUE(delivery) << delivery.error().what;
    check(*delivery);
    for (const Delivered& record : delivery->records) got.emplace_back(*record.value);
    for (const Position& position : delivery->positions)
      from[static_cast<std::size_t>(position.partition.value)] = position;
  }
  std::ranges::sort(expected);
  std::ranges::sort(got);
  EXPECT_EQ(got, expected);
}

TEST_P(Contract, AReaderFromTheEndHearsOnlyWhatComesAfter) {
  const Topic posts = topic("posts", 2);
  const auto outbox = source();
  publish_ok(*outbox, {event(1, posts, 0, "old"), event(2, posts, 1, "old")});
  const auto tail = reader(posts, ends(posts));
  publish_ok(*outbox, {event(3, posts, 1, "new"), event(4, posts, 0, "new")});
  EXPECT_EQ(values(read(*tail, 2)), (Strings{"new", "new"}));
}

TEST_P(Contract, AnAppendWakesAWaitingReader) {
  const Topic posts = topic("posts", 4);
  const auto outbox = source();
  const auto waiting = reader(posts, ends(posts));
  for (std::uint64_t n = 1; n <= 20; ++n) {
    Outcome<Delivery> delivered(*bench_);
    waiting->next(1 << 20, delivered.done());
    bench_->settle();
    EXPECT_FALSE(delivered.ready()) << "there was nothing to deliver";
    publish_ok(*outbox, {event(n, posts, static_cast<std::int32_t>(n % 4), std::to_string(n))});
    const auto delivery = delivered.wait();
    ASSERT_TRUE(delivery) << delivery.error().what;
    ASSERT_EQ(delivery->records.size(), 1u);
    EXPECT_EQ(delivery->records[0].value, std::to_string(n));
    EXPECT_TRUE(delivery->at_end);
  }
}

TEST_P(Contract, ADeliveryIsBoundedAndNoPartitionStarves) {
  const Topic posts = topic("posts", 3);
  const auto outbox = source();
  std::uint64_t number = 0;
  for (int i = 0; i < 40; ++i) {  // one partition holds nearly all
    for (int k = 0; k < 3; ++k) publish_ok(*outbox, {event(++number, posts, 0, std::string(2000, 'h'))});
    if (i % 10 == 0)
      publish_ok(*outbox, {event(++number, posts, 1, "rare"), event(number + 1, posts, 2, "rare")}), ++number;
  }
  const auto all = reader(posts, from_start(posts));
  std::size_t seen = 0;
  std::set<PartitionIndex> early;
  for (int deliveries = 0; seen < number; ++deliveries) {
    const auto delivery = next(*all, 10'000);
    ASSERT_TRUE(delivery) << delivery.error().what;
    std::size_t bytes = 0;
    for (const Delivered& record : delivery->records) {
      bytes += record.value->size();
      if (deliveries < 6) early.insert(record.partition);
    }
    EXPECT_LE(bytes, 20'000u);
    EXPECT_EQ(delivery->at_end, seen + delivery->records.size() == number);
    seen += delivery->records.size();
  }
  EXPECT_EQ(early.size(), 3u);
}

TEST_P(Contract, APositionReadFromHasEveryLaterRecordOnce) {
  const Topic posts = topic("posts");
  const auto outbox = source();
  // The three may share a batch; a reader may begin inside it.
  const auto published = publish(*outbox, {event(1, posts, 0, "a"), event(2, posts, 0, "b"), event(3, posts, 0, "c")});
  ASSERT_TRUE(published) << published.error().what;
  publish_ok(*outbox, {event(4, posts, 0, "d")});
  EXPECT_EQ(values(read(*reader(posts, from_start(posts)), 4)), (Strings{"a", "b", "c", "d"}));
  EXPECT_EQ(values(read(*reader(posts, {(*published)[0]}), 3)), (Strings{"b", "c", "d"}));
  EXPECT_EQ(values(read(*reader(posts, {(*published)[1]}), 2)), (Strings{"c", "d"}));
  EXPECT_EQ(values(read(*reader(posts, {(*published)[2]}), 1)), (Strings{"d"}));
}

TEST_P(Contract, AReaderOfAnEmptyTopicHearsThatItIsAtTheEnd) {
  const Topic posts = topic("posts", 2);
  const auto delivery = next(*reader(posts, from_start(posts)));
  ASSERT_TRUE(delivery) << delivery.error().what;
  EXPECT_TRUE(delivery->records.empty());
  EXPECT_TRUE(delivery->at_end);
  EXPECT_EQ(delivery->positions, ends(posts));
}

TEST_P(Contract, ReadersAreRefusedWhatMakesNoSense) {
  const Topic posts = topic("posts", 2), friends = topic("friends", 1);
  const auto good = from_start(posts);
  auto outside = good;
  outside[0].partition = {2};
  auto mixed = good;
  mixed[1].topic = friends.id;
  struct Case {
    const char* name;
    TopicId topic;
    std::vector<Position> from;
    Code code;
  };
  for (const auto& [name, id, from, code] : {Case{"no position", posts.id, {}, Code::invalid},
                                             Case{"a partition twice", posts.id, {good[0], good[0]}, Code::invalid},
                                             Case{"no such partition", posts.id, outside, Code::invalid},
                                             Case{"another topic's position", posts.id, mixed, Code::invalid},
                                             Case{"no such topic", TopicId{bus().id()}, good, Code::not_found}}) {
    SCOPED_TRACE(name);
    const auto opened = bus().open_reader(id, from);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, code);
  }
}

TEST_P(Contract, APositionThatIsNotOnThisHistoryIsNeverContinued) {
  const Topic posts = topic("posts");
  publish_ok(*source(), {event(1, posts, 0, "a"), event(2, posts, 0, "b")});
  const Position end = ends(posts)[0];
  auto foreign = end, beyond = end, epoch = end;
  foreign.bus.bytes[3] ^= 1;
  beyond.next = end.next + std::int64_t{1};
  epoch.epoch.value += 1;
  std::vector<std::pair<const char*, Position>> cases{{"another bus", foreign}, {"beyond the end", beyond}};
  if (can(Ability::epochs)) cases.emplace_back("another epoch", epoch);
  for (const auto& [name, position] : cases) {
    SCOPED_TRACE(name);
    const auto lost = reader(posts, {position});
    for (int again = 0; again < 2; ++again) {  // a reader that stopped stays stopped
      const auto delivery = next(*lost);
      ASSERT_FALSE(delivery);
      EXPECT_EQ(delivery.error().code, Code::history_lost) << delivery.error().what;
    }
  }
}

TEST_P(Contract, WhatWasForgottenIsToldAndNotSkipped) {
  if (!can(Ability::forget)) GTEST_SKIP() << "needs the front of a partition deleted";
  const Topic posts = topic("posts");
  const auto outbox = source();
  for (std::uint64_t n = 1; n <= 10; ++n) publish_ok(*outbox, {event(n, posts, 0, std::to_string(n))});
  const auto begin = reader(posts, from_start(posts));
  EXPECT_EQ(values(read(*begin, 1, 1)), Strings{"1"});
  const Position second = last_[{0}];
  bench_->forget(posts.id, {0}, Offset{6});
  const auto lost = next(*reader(posts, {second}));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::history_lost);
  EXPECT_NE(lost.error().what.find("6 to 10"), std::string::npos) << lost.error().what;
  EXPECT_EQ(read(*reader(posts, from_start(posts)), 4).front().value, "7") << "start_of_log is the first that exists";
}

TEST_P(Contract, PositionsAreFoundByTime) {
  if (!can(Ability::times)) GTEST_SKIP() << "needs positions by time";
  const Topic posts = topic("posts", 2);
  const auto outbox = source();
  for (std::uint64_t n = 1; n <= 10; ++n) publish_ok(*outbox, {event(n, posts, 0, std::to_string(n))});
  for (const auto& [ms, offset] : {std::pair{0, 0}, {1001, 0}, {1002, 1}, {1010, 9}, {1011, 10}}) {
    SCOPED_TRACE(ms);
    Outcome<std::vector<Position>> found(*bench_);
    bus().positions_at(posts.id, ms, found.done());
    const auto positions = found.wait();
    ASSERT_TRUE(positions) << positions.error().what;
    ASSERT_EQ(positions->size(), 2u);
    EXPECT_EQ((*positions)[0].next, Offset{offset});
    EXPECT_EQ((*positions)[1].next, Offset{0});
    if (offset < 10) {
      EXPECT_EQ(read(*reader(posts, *positions), 1).front().offset, Offset{offset});
    }
  }
}

}  // namespace leat::bus::contract
