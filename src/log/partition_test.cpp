#include "log/partition.h"

#include "base/endian.h"
#include "log/test_world.h"

namespace leat::log {
namespace {

// A partition whose tail is written by hand.
struct PartitionTest : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(world.files().make_directory("d"));
    auto made = Partition::create(open_files, "d/p", partition(0), {});
    ASSERT_TRUE(made) << made.error().what;
    subject = *std::move(made);
  }
  // Writes one batch of one record to the segment, which shows it; the partition does not yet.
  void write(const std::string& value, std::int64_t timestamp_ms) {
    std::string batch = batch_of({value}, timestamp_ms), sums;
    stamp(batch.data(), next, Epoch{0});
    const Segment& segment = *subject->tail.segment;
    append_be(sums, segment.sum().of(batch));
    const IndexEntry place{next, end.bytes, end.batches, end.max_timestamp_ms};
    ASSERT_TRUE(subject->tail.segment->write(end.bytes, batch, end.batches, sums));
    end = {end.bytes + batch.size(), end.batches + 1, timestamp_ms};
    next = next + std::int64_t{1};
    subject->tail.segment->publish(end, {place});
  }
  void publish() {
    std::vector<std::shared_ptr<Waiter>> woken;
    subject->publish(next, woken);
  }

  platform::SimWorld world{1};
  OpenFiles open_files{world.files(), 10};
  std::shared_ptr<Partition> subject;
  Extent end;
  Offset next;
};

// A segment is published an instant before its partition is. A reader in between must neither see more than the
// partition's end nor be sent beyond it.
TEST_F(PartitionTest, AReadEndsAtThePartitionsDurableEnd) {
  write("a", 1000);
  write("b", 1001);
  publish();
  write("c", 1002);
  const auto slice = subject->read(Offset{0}, 1 << 20);
  ASSERT_TRUE(slice) << slice.error().what;
  EXPECT_EQ(slice->next, Offset{2});
  const auto rest = subject->read(slice->next, 1 << 20);
  ASSERT_TRUE(rest) << rest.error().what;
  EXPECT_TRUE(rest->batches.empty());
  EXPECT_EQ(subject->offset_at(1002), Offset{2});
  publish();
  EXPECT_EQ(subject->read(Offset{2}, 1 << 20)->next, Offset{3});
}

TEST_F(PartitionTest, WhatLiesBeforeADamagedBatchIsReadAndTheDamageIsSaidNext) {
  for (const char* value : {"a", "b", "c"}) write(value, 1000);
  publish();
  auto reopened = std::make_shared<Segment>(open_files, "d/p", partition(0), SegmentName{}, end);
  const std::uint64_t third = end.bytes / 3 * 2;
  ASSERT_TRUE(
      (*world.files().open("d/p/" + segment_stem({}) + ".log", platform::Open::write))->write_at(third + 30, "?"));
  const auto good = reopened->read(Offset{0}, next, 1 << 20);
  ASSERT_TRUE(good) << good.error().what;
  EXPECT_EQ(good->next, Offset{2});
  EXPECT_EQ(good->batches.size(), third);
  const auto bad = reopened->read(good->next, next, 1 << 20);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::corrupt);
}

}  // namespace
}  // namespace leat::log
