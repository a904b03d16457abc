// bus/contract_publish.h — topics and sources: what every Bus promises to those who publish.
#pragma once

#include "bus/contract_fixture.h"

namespace leat::bus::contract {

TEST_P(Contract, ATopicIsMadeOnceAndKeepsItsId) {
  const Topic made = topic("posts", 3);
  EXPECT_EQ(made.name, "posts");
  EXPECT_EQ(made.config.partitions, 3);
  EXPECT_FALSE(made.id.value.is_nil());
  EXPECT_EQ(topic("posts", 3).id, made.id);
  EXPECT_NE(topic("friends", 1).id, made.id);
  publish_ok(*source(), {event(1, made, 0, "a key has its place")});
  const auto other = ensure("posts", {.partitions = 4});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::conflict);

  Outcome<std::vector<Topic>> listed(*bench_);
  bus().topics(listed.done());
  const auto topics = listed.wait();
  ASSERT_TRUE(topics);
  Strings names;
  for (const Topic& topic : *topics) names.push_back(topic.name);
  EXPECT_EQ(names, (Strings{"friends", "posts"})) << "by name, without the bus's own";
}

TEST_P(Contract, ManyWishesForOneTopicMakeOneTopic) {
  std::vector<Outcome<Topic>> outcomes;
  std::set<TopicId> ids;
  for (int i = 0; i < 5; ++i) outcomes.emplace_back(*bench_);
  for (auto& outcome : outcomes) bus().ensure_topic("posts", {.partitions = 2}, outcome.done());
  for (auto& outcome : outcomes) {
    const auto made = outcome.wait();
    ASSERT_TRUE(made) << made.error().what;
    ids.insert(made->id);
  }
  EXPECT_EQ(ids.size(), 1u);
}

TEST_P(Contract, ANameThatIsNoTopicNameIsRefused) {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a/b"), std::string("\xc3\xa9"), std::string("."),
        std::string(".."), std::string("__leat_topics"), std::string("a\0b", 3), std::string(250, 'a')}) {
    SCOPED_TRACE(name);
    const auto made = ensure(name, {.partitions = 1});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::invalid);
  }
  EXPECT_TRUE(ensure(std::string(249, 'a'), {.partitions = 1}));
  for (const std::int32_t partitions : {0, -1, 1'000'000}) {
    const auto made = ensure("many", {.partitions = partitions});
    ASSERT_FALSE(made) << partitions;
    EXPECT_EQ(made.error().code, Code::invalid);
  }
}

TEST_P(Contract, APublishTellsWhereEachRecordLies) {
  const Topic posts = topic("posts", 2);
  const auto outbox = source();
  EXPECT_EQ(outbox->last_published(), 0u);
  const auto published = publish(*outbox, {event(3, posts, 1, "a"), event(5, posts, 0, "b"), event(9, posts, 1, "c")});
  ASSERT_TRUE(published) << published.error().what;
  ASSERT_EQ(published->size(), 3u);
  EXPECT_EQ(outbox->last_published(), 9u);
  const auto records = read(*reader(posts, from_start(posts)), 3);
  const std::map<std::string, std::size_t> index{{"a", 0}, {"b", 1}, {"c", 2}};
  for (const Seen& record : records) {
    const Position& position = published->at(index.at(*record.value));
    EXPECT_EQ(position.bus, bus().id());
    EXPECT_EQ(position.topic, posts.id);
    EXPECT_EQ(position.partition, record.partition);
    EXPECT_EQ(position.next, record.offset + std::int64_t{1});
  }
}

TEST_P(Contract, PipelinedPublishesKeepTheirOrder) {
  constexpr int calls = 60;
  const Topic posts = topic("posts", 3);
  const auto outbox = source();
  std::vector<int> answered;
  std::uint64_t number = 0;
  for (int i = 0; i < calls; ++i) {
    std::vector<Publication> publications;
    for (int k = 0; k <= i % 3; ++k) {
      ++number;
      publications.push_back(
          event(number, posts, static_cast<std::int32_t>(number * number % 3), std::to_string(number)));
    }
    outbox->publish(std::move(publications), [this, &answered, i](auto outcome) {
      EXPECT_TRUE(outcome) << outcome.error().what;
      bench_->tell([&] { answered.push_back(i); });
    });
  }
  ASSERT_TRUE(bench_->until([&] { return answered.size() == calls; }));
  EXPECT_TRUE(std::ranges::is_sorted(answered));
  EXPECT_EQ(outbox->last_published(), number);
  std::map<PartitionIndex, std::uint64_t> last;
  for (const Seen& record : read(*reader(posts, from_start(posts)), number)) {
    const std::uint64_t here = std::stoull(*record.value);
    EXPECT_GT(here, std::exchange(last[record.partition], here));
  }
}

TEST_P(Contract, WhatIsNotRightIsRefusedWholeAndEndsTheSource) {
  const Topic posts = topic("posts", 2);
  Topic unknown = posts;
  unknown.id.value.bytes[0] ^= 1;
  struct Case {
    const char* name;
    std::vector<Publication> publications;
    Code code;
  };
  const std::vector<Case> cases{
      {"a number twice", {event(11, posts, 0, "x"), event(11, posts, 0, "y")}, Code::invalid},
      {"a number below the last", {event(10, posts, 0, "x")}, Code::invalid},
      {"an unknown topic", {event(11, posts, 0, "x"), event(12, unknown, 0, "y")}, Code::not_found},
      {"no such partition", {event(11, posts, 0, "x"), event(12, posts, 2, "y")}, Code::invalid},
      {"a negative partition", {event(11, posts, -1, "x")}, Code::invalid},
      {"nothing", {}, Code::invalid},
      {"too large",
       {event(11, posts, 0, "x"), event(12, posts, 1, std::string(bus().record_bytes_max(), 'x'))},
       Code::too_large},
  };
  publish_ok(*source(), {event(10, posts, 0, "good")});
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.name);
    const auto outbox = source();
    ASSERT_EQ(outbox->last_published(), 10u);
    const auto refused = publish(*outbox, bad.publications);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, bad.code) << refused.error().what;
    EXPECT_FALSE(publish(*outbox, {event(20, posts, 0, "behind a hole")}));
    EXPECT_EQ(outbox->last_published(), 10u);
  }
  publish_ok(*source(), {event(11, posts, 0, "last")});
  EXPECT_EQ(values(read(*reader(posts, from_start(posts)), 2)), (Strings{"good", "last"}));
}

TEST_P(Contract, TheNewHolderOfASourceFencesTheOld) {
  if (!can(Ability::fencing)) GTEST_SKIP() << "fencing cannot be shown here";
  const Topic posts = topic("posts");
  const auto old = source();
  publish_ok(*old, {event(1, posts, 0, "old")});
  const auto younger = source();
  EXPECT_EQ(younger->last_published(), 1u);
  const auto fenced = publish(*old, {event(2, posts, 0, "zombie")});
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, Code::fenced) << fenced.error().what;
  publish_ok(*younger, {event(2, posts, 0, "new")});
  publish_ok(*source("another"), {event(1, posts, 0, "other")});
  EXPECT_EQ(values(read(*reader(posts, from_start(posts)), 3)), (Strings{"old", "new", "other"}));
}

// The new holder knows of all that the old one has on the bus, also of what was under way.
TEST_P(Contract, AHandOverMissesNothing) {
  if (!can(Ability::cutting)) GTEST_SKIP() << "what is under way cannot be cut off here";
  const Topic posts = topic("posts", 2);
  std::uint64_t published = 0;
  for (int round = 0; round < 20; ++round) {
    const auto old = source();
    EXPECT_EQ(old->last_published(), published);
    std::size_t answers = 0;
    std::uint64_t good = published;
    for (std::uint64_t n = published + 1; n <= published + 5; ++n)
      old->publish({event(n, posts, static_cast<std::int32_t>(n % 2), std::to_string(n))},
                   [this, &answers, &good, n](auto outcome) {
                     bench_->tell([&] {
                       ++answers;
                       if (outcome) good = n;
                     });
                   });
    const auto younger = source();
    ASSERT_TRUE(bench_->until([&] { return answers == 5; }));
    EXPECT_EQ(younger->last_published(), good);
    published = good;
  }
  std::map<PartitionIndex, std::uint64_t> last;
  for (const Seen& record : read(*reader(posts, from_start(posts)), published)) {
    const std::uint64_t number = std::stoull(*record.value);
    EXPECT_GT(number, std::exchange(last[record.partition], number));
  }
}

TEST_P(Contract, EverythingIsThereAfterOpeningAgain) {
  if (!can(Ability::reopen)) GTEST_SKIP() << "needs the bus ended and opened again";
  const Uuid id = bus().id();
  const Topic posts = topic("posts", 2);
  publish_ok(*source(), {event(1, posts, 0, "a"), event(7, posts, 1, "b")});
  const auto before = ends(posts);
  for (int life = 0; life < 3; ++life) {
    bench_->reopen();
    EXPECT_EQ(bus().id(), id);
    EXPECT_EQ(topic("posts", 2).id, posts.id);
    EXPECT_EQ(source()->last_published(), 7u);
    EXPECT_EQ(ends(posts), before);
    EXPECT_EQ(read(*reader(posts, from_start(posts)), 2).size(), 2u);
  }
  const auto tail = reader(posts, before);
  publish_ok(*source(), {event(8, posts, 0, "c")});
  EXPECT_EQ(values(read(*tail, 1)), Strings{"c"}) << "a position is good over lives";
}

// A publisher that is cut off at any moment publishes again what is above the last number: once each, in order.
TEST_P(Contract, ASourceIsResumedExactlyOnce) {
  if (!can(Ability::cutting)) GTEST_SKIP() << "what is under way cannot be cut off here";
  const Topic posts = topic("posts", 2);
  constexpr std::uint64_t all = 60;
  for (std::uint64_t life = 0, done = 0; done < all; ++life) {
    auto outbox = source();
    done = outbox->last_published();
    std::uint64_t wanted = std::min(all, done + 7), answered = 0;
    for (std::uint64_t n = done + 1; n <= wanted; ++n)
      outbox->publish({event(n, posts, static_cast<std::int32_t>(n % 2), std::to_string(n))},
                      [this, &answered](auto) { bench_->tell([&] { ++answered; }); });
    ASSERT_TRUE(bench_->until([&] { return answered >= std::min(life % 7 + 1, wanted - done); }));
    outbox.reset();
  }
  std::map<PartitionIndex, std::uint64_t> last;
  for (const Seen& record : read(*reader(posts, from_start(posts)), all)) {
    const std::uint64_t number = std::stoull(*record.value), before = std::exchange(last[record.partition], number);
    EXPECT_EQ(number, before == 0 ? (record.partition.value == 0 ? 2 : 1) : before + 2);
  }
}

TEST_P(Contract, DestroyingCancels) {
  const Topic posts = topic("posts", 2);
  for (int round = 0; round < 20; ++round) {
    auto outbox = source();
    auto waiting = reader(posts, ends(posts));
    auto alive = std::make_shared<bool>(true);
    const std::uint64_t first = outbox->last_published() + 1;
    waiting->next(1 << 20, [alive](auto) { EXPECT_TRUE(*alive) << "a reader answered after its end"; });
    for (std::uint64_t n = first; n < first + 5; ++n)
      outbox->publish({event(n, posts, 0, "x")},
                      [alive](auto) { EXPECT_TRUE(*alive) << "a source answered after its end"; });
    if (round % 2 == 0) waiting.reset();
    outbox.reset();
    waiting.reset();
    *alive = false;
    bench_->settle();
  }
}

TEST_P(Contract, ASourceAndAReaderMayEndInTheirOwnAnswer) {
  const Topic posts = topic("posts");
  auto outbox = source();
  auto behind = reader(posts, from_start(posts));
  bool published = false, delivered = false;
  outbox->publish({event(1, posts, 0, "x")}, [&](auto outcome) {
    EXPECT_TRUE(outcome);
    outbox.reset();
    bench_->tell([&] { published = true; });
  });
  behind->next(1 << 20, [&](auto) {
    behind.reset();
    bench_->tell([&] { delivered = true; });
  });
  EXPECT_TRUE(bench_->until([&] { return published && delivered; }));
}

}  // namespace leat::bus::contract
