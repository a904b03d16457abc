// Flushing, publishing and answering overlap: what is told and answered when, and what a failure in between leaves.
#include <algorithm>
#include <cctype>
#include <tuple>

#include "log/test_world.h"
#include "platform/passing_files.h"

namespace leat::log {
namespace {

const PartitionId p0 = partition(0);

// A disk of which one write to a segment can be made to fail.
class OneBadWrite final : public platform::PassingFiles {
 public:
  using PassingFiles::PassingFiles;
  void fail_next_segment_write() { failing_ = true; }

  Result<std::unique_ptr<platform::File>> open(const std::string& path, platform::Open how) override {
    LEAT_TRY(auto file, PassingFiles::open(path, how));
    if (!path.ends_with(".log")) return file;
    return std::make_unique<Handle>(*this, std::move(file));
  }

 private:
  class Handle final : public platform::PassingFile {
   public:
    Handle(OneBadWrite& all, std::unique_ptr<platform::File> file) : PassingFile(std::move(file)), all_(all) {}
    Result<> write_at(std::uint64_t position, std::string_view bytes) override {
      if (std::exchange(all_.failing_, false)) return fail(Code::io, "a bad sector");
      return PassingFile::write_at(position, bytes);
    }

   private:
    OneBadWrite& all_;
  };

  bool failing_ = false;
};

// One log in a world of its own; calls are noted by a letter each, small when told and capital when answered.
struct Noted {
  explicit Noted(std::uint64_t seed, Options options = {}, PartitionOptions partition_options = {})
      : world(seed), files(world.files()) {
    EXPECT_TRUE(world.files().make_directory("d"));
    reopen(options);
    EXPECT_TRUE(log->create(p0, partition_options));
  }
  void reopen(Options options = {}) {
    log.reset();
    const auto outside = world.platform();
    auto opened = Log::open({files, outside.clock, outside.random, outside.executors}, "d", options);
    ASSERT_TRUE(opened) << opened.error().what;
    log = *std::move(opened);
  }
  void append(char letter, std::string batches, Task then = {}) {
    log->append(
        {{p0, std::move(batches)}},
        [this, letter](const auto& outcome) {
          calls += static_cast<char>(std::toupper(letter));
          if (!outcome) refused += letter;
        },
        [this, letter, then = std::move(then)](const auto&) mutable {
          calls += letter;
          if (then) then();
        });
  }

  platform::SimWorld world;
  OneBadWrite files;
  std::unique_ptr<Log> log;
  std::string calls, refused;
};

// A group is answered while the next one is flushed: so of two that follow each other, the second is sometimes told
// before the first is answered, and never answered before it.
TEST(LogOrder, WhatFollowsAnAppendIsFlushedBeforeItIsAnswered) {
  int overlapped = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Noted at(seed);
    at.append('a', batch_of({"a"}), [&] { at.append('b', batch_of({"b"})); });
    at.world.run();
    EXPECT_LT(at.calls.find('A'), at.calls.find('B')) << at.calls;
    EXPECT_LT(at.calls.find('b'), at.calls.find('B')) << at.calls;
    EXPECT_EQ(at.calls.size(), 4u) << at.calls;
    overlapped += at.calls == "abAB";
  }
  EXPECT_GT(overlapped, 0);
}

// Whoever appends when he is told may be refused at once; he hears of that behind what he was told of.
TEST(LogOrder, ARefusalIsAnsweredBehindWhatWasAppendedBefore) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Noted at(seed);
    at.append('a', batch_of({"a"}), [&] { at.append('b', "no batch"); });
    at.world.run();
    EXPECT_EQ(at.calls, "abAB");
    EXPECT_EQ(at.refused, "b");
  }
}

// A segment is sealed, a journal file forgotten, only when it is known that all of it is written: nobody who is just
// being told of a refusal may keep that up.
TEST(LogOrder, WhoeverHearsOfARefusalKeepsUpNobodysGroup) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Noted at(seed, {.journal_bytes = 8192}, {.segment_bytes = 300});
    at.append('r', "no batch", [&] {
      for (int i = 0; i < 20; ++i) {
        at.append('a', batch_of({"a"}));
        at.world.run();
      }
      EXPECT_EQ(at.log->bounds(p0)->durable_end.value, 20);
      EXPECT_EQ(read_all(*at.log, p0)->size(), 20u);
      EXPECT_EQ(at.calls.find('A'), std::string::npos) << "answered before the refusal";
    });
    at.world.run();
    EXPECT_EQ(std::ranges::count(at.calls, 'A'), 20);
    EXPECT_EQ(at.refused, "r");
  }
}

// The journal has the group, the segment has not: nothing behind it may be acknowledged, shown, sealed or forgotten.
TEST(LogOrder, ASegmentThatCannotBeWrittenStopsEverythingBehindIt) {
  for (const auto& [journal_bytes, segment_bytes, direct_bytes] : {std::tuple{1u << 20, 1u << 20, 1u << 20},
                                                                   {1u << 20, 300u, 1u << 20},
                                                                   {4096u, 1u << 20, 1u << 20},
                                                                   {1u << 20, 1u << 20, 150u}}) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      SCOPED_TRACE(
          fmt::format("journal {}, segment {}, direct {}, seed {}", journal_bytes, segment_bytes, direct_bytes, seed));
      Noted at(seed, {.journal_bytes = journal_bytes, .direct_bytes = direct_bytes}, {.segment_bytes = segment_bytes});
      const std::uint64_t bad = at.world.choose(10);
      for (std::uint64_t i = 0; i < 20; ++i) {
        if (i == bad) at.files.fail_next_segment_write();
        at.append(static_cast<char>('a' + i), batch_of({std::string(i % 2 == 0 ? 30 : 100, 'x')}));
        at.world.run(at.world.choose(4));
      }
      at.world.run();
      const auto acknowledged = static_cast<std::int64_t>(20 - at.refused.size());
      ASSERT_LT(acknowledged, 20);
      EXPECT_EQ(at.log->bounds(p0)->durable_end.value, acknowledged);
      std::ranges::sort(at.refused);  // whoever finds the log stopped is refused before those who wait
      const std::string all = "abcdefghijklmnopqrst";
      // What goes to its segment first, past the journal, fails with its group and stops nothing.
      const auto configured = at.log->configure(p0, {});
      const bool stopped = !configured && configured.error().code == Code::unavailable;
      EXPECT_TRUE(stopped || direct_bytes == 150);
      EXPECT_TRUE(all.contains(at.refused)) << at.refused;
      EXPECT_TRUE(at.refused.ends_with('t') || !stopped) << at.refused;
      at.reopen();
      const auto kept = read_all(*at.log, p0);
      ASSERT_TRUE(kept) << kept.error().what;
      EXPECT_GE(static_cast<std::int64_t>(kept->size()), acknowledged);
      EXPECT_EQ(static_cast<std::int64_t>(kept->size()), at.log->bounds(p0)->durable_end.value);
    }
  }
}

}  // namespace
}  // namespace leat::log
