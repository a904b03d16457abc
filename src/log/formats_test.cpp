// The durable formats, byte for byte as docs/formats/ says.
#include <gmock/gmock.h>

#include "base/endian.h"
#include "log/header_sum.h"
#include "log/journal_format.h"
#include "log/offset_index.h"
#include "log/range_set.h"
#include "log/test_world.h"

namespace leat::log {
namespace {

Manifest example() {
  return {.id = partition(0),
          .options = {.segment_bytes = 1 << 20, .retention_ms = 60000},
          .start = Offset{5},
          .settled = Offset{0},
          .epochs = {{Epoch{0}, Offset{0}}},
          .segments = {{SegmentName{Offset{0}, 0}, Extent{138, 2, 1000}}, {SegmentName{Offset{7}, 0}, Extent{}}}};
}

TEST(ManifestFormat, HasTheBytesOfItsPage) {
  EXPECT_EQ(hex(encode(example())),
            "4c4d46317ae08dea000101010101010101010101010101010101000000000000000000100000"
            "01000000000000ea600000000000000000000000000000000005000000000000000000000001"
            "0000000000000000000000000000000200000000000000000000000000000000"
            "0000008a0000000200000000000003e8000000000000000700000000000000000000000000000000ffffffffffffffff");
}

TEST(ManifestFormat, KeepsWhatWasGivenUpInVersionTwo) {
  Manifest manifest = example();
  manifest.lost = {{Offset{6}, Offset{7}}};
  const std::string bytes = encode(manifest);
  EXPECT_EQ(hex(bytes.substr(8, 2)), "0002");
  EXPECT_EQ(hex(bytes.substr(bytes.size() - 20)),
            "00000001"
            "0000000000000006"
            "0000000000000007");
  const auto decoded = decode_manifest(bytes, "m");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->lost, manifest.lost);
  for (const std::vector<OffsetRange>& wrong : {std::vector<OffsetRange>{{Offset{7}, Offset{7}}},
                                                {{Offset{6}, Offset{7}}, {Offset{7}, Offset{8}}},
                                                {{Offset{9}, Offset{10}}, {Offset{6}, Offset{7}}}}) {
    manifest.lost = wrong;
    EXPECT_EQ(decode_manifest(encode(manifest), "m").error().code, Code::corrupt);
  }
}

TEST(ManifestFormat, RefusesEveryFlippedBitAndEveryCut) {
  const std::string good = encode(example());
  ASSERT_TRUE(decode_manifest(good, "m"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = good;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
      ASSERT_FALSE(decode_manifest(flipped, "m")) << at;
    }
    ASSERT_FALSE(decode_manifest(good.substr(0, at), "m")) << at;
  }
}

TEST(ManifestFormat, RefusesALaterVersionByName) {
  std::string later = encode(example());
  store_be(later.data() + 8, std::uint16_t{3});
  store_be(later.data() + 4, crc32c(std::string_view(later).substr(8)));
  const auto decoded = decode_manifest(later, "m");
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Code::invalid);
  EXPECT_THAT(decoded.error().what, testing::HasSubstr("version 3"));
}

TEST(JournalFormat, HasTheBytesOfItsPage) {
  GroupBuilder group;
  group.begin(2, 0x1122334455667788, false);
  group.add(LiveFromEntry{1, 1});
  group.add(CleanEntry{});
  const auto bytes = group.finish();
  EXPECT_EQ(bytes.size(), journal_page_bytes);
  EXPECT_EQ(hex(bytes.substr(0, 51)),
            "4c4a47318b08e55c0000000000000002112233445566778800000012000000000500000000000000010000000000000001"
            "0700");
}

TEST(JournalFormat, ReadsBackEveryEntry) {
  GroupBuilder group;
  group.begin(9, 3, true);
  const std::size_t place = group.add_data(partition(1), Offset{10}, 20, 30, 5);
  group.buffer().replace(place, 5, "hello");
  group.add(EndEntry{partition(2), Offset{1}, Extent{2, 3, 4}, Offset{5}});
  group.add(EpochEntry{partition(3), {Epoch{6}, Offset{7}}});
  group.add(RemovedEntry{partition(4)});
  group.add(ContinuesEntry{8, 9});
  const std::string file(group.finish());
  const auto header = read_group(file, 0);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->sequence, 9u);
  EXPECT_TRUE(header->snapshot);
  const auto entries = read_entries(file, 0, *header);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 5u);
  const auto& data = std::get<DataEntry>((*entries)[0]);
  EXPECT_EQ(data.partition, partition(1));
  EXPECT_EQ(data.position, 20u);
  EXPECT_EQ(data.ordinal, 30u);
  EXPECT_EQ(data.bytes, "hello");
  const auto& end = std::get<EndEntry>((*entries)[1]);
  EXPECT_EQ(end.extent, (Extent{2, 3, 4}));
  EXPECT_EQ(end.next, Offset{5});
  EXPECT_EQ(std::get<EpochEntry>((*entries)[2]).epoch.start, Offset{7});
  EXPECT_EQ(std::get<RemovedEntry>((*entries)[3]).partition, partition(4));
  EXPECT_EQ(std::get<ContinuesEntry>((*entries)[4]).salt, 9u);
}

TEST(JournalFormat, AGroupIsWholeOrNoGroup) {
  GroupBuilder group;
  group.begin(9, 3, false);
  group.add(RemovedEntry{partition(4)});
  const std::string good(group.finish());
  const std::size_t size = read_group(good, 0)->size_bytes();
  for (std::size_t at = 0; at < size; ++at) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
    EXPECT_FALSE(read_group(flipped, 0)) << at;
    EXPECT_FALSE(read_group(good.substr(0, at), 0)) << at;
  }
  EXPECT_FALSE(read_group(std::string(journal_page_bytes, '\0'), 0));
}

TEST(SumsFormat, CoversWhatTheCrcLeavesOutAndWhoseBatchItIs) {
  std::string batch = batch_of({"a"});
  stamp(batch.data(), Offset{42}, Epoch{3});
  const HeaderSum sum(partition(0));
  EXPECT_EQ(sum.of(batch), 0x06f57e2au);
  EXPECT_NE(HeaderSum(partition(1)).of(batch), sum.of(batch));
  for (std::size_t at = 0; at < batch_layout::attributes; ++at) {
    std::string flipped = batch;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_NE(sum.of(flipped), sum.of(batch)) << at;
  }
}

TEST(IndexFormat, HasTheBytesOfItsPageAndStopsAtTheFirstBadEntry) {
  const std::uint32_t seed = HeaderSum(partition(0)).seed();
  OffsetIndex index(Offset{0});
  index.note({Offset{17}, 4200, 30, 1000});
  index.note({Offset{18}, 4300, 31, 1000});  // too near
  index.note({Offset{40}, 9000, 60, 2000});
  const std::string file = index.encode(1, seed);
  EXPECT_EQ(hex(file.substr(0, 32)), "000000000000001100000000000010680000001e00000000000003e8ec32572a");
  EXPECT_EQ(file.size(), 2 * OffsetIndex::entry_bytes);

  const auto entries = [&](const std::string& bytes, std::uint64_t limit, std::uint32_t with) {
    OffsetIndex read(Offset{0});
    read.decode(bytes, with, limit);
    return read.size();
  };
  EXPECT_EQ(entries(file, 10000, seed), 3u);
  EXPECT_EQ(entries(file, 9000, seed), 2u);
  EXPECT_EQ(entries(file, 10000, seed + 1), 1u);
  EXPECT_EQ(entries(file.substr(0, 63), 10000, seed), 2u);
  EXPECT_EQ(entries(file.substr(32) + file.substr(0, 32), 10000, seed), 2u);
  std::string flipped = file;
  flipped[33] ^= 1;
  EXPECT_EQ(entries(flipped, 10000, seed), 2u);
}

TEST(IndexFormat, LeadsToTheLastEntryAtOrBefore) {
  OffsetIndex index(Offset{5});
  index.note({Offset{17}, 5000, 30, 1000});
  index.note({Offset{40}, 10000, 60, 2000});
  for (const auto& [offset, position] : {std::pair{0, 0u}, {5, 0u}, {16, 0u}, {17, 5000u}, {39, 5000u}, {99, 10000u}}) {
    EXPECT_EQ(index.for_offset(Offset{offset}).position, position) << offset;
  }
  for (const auto& [time, position] : {std::pair{-9, 0u}, {1000, 0u}, {1001, 5000u}, {2000, 5000u}, {2001, 10000u}}) {
    EXPECT_EQ(index.for_time(time).position, position) << time;
  }
}

TEST(RangeSet, JoinsWhatTouches) {
  RangeSet set;
  set.add(10, 20);
  set.add(30, 40);
  EXPECT_EQ(set.covered_until(10), 20u);
  EXPECT_EQ(set.covered_until(9), 9u);
  EXPECT_EQ(set.covered_until(20), 20u);
  set.add(20, 30);
  EXPECT_EQ(set.covered_until(10), 40u);
  set.add(0, 100);
  EXPECT_EQ(set.covered_until(0), 100u);
  set.add(50, 50);
  EXPECT_EQ(set.covered_until(50), 100u);
}

TEST(RangeSet, ForgetsWhatIsRemoved) {
  RangeSet set;
  set.add(0, 100);
  set.remove(40, 60);
  EXPECT_EQ(set.covered_until(0), 40u);
  EXPECT_EQ(set.covered_until(50), 50u);
  EXPECT_EQ(set.covered_until(60), 100u);
  set.remove(200, 300);
  set.remove(0, 100);
  EXPECT_EQ(set.covered_until(60), 60u);
}

TEST(Layout, NamesAndReadsBackItsFiles) {
  EXPECT_EQ(parse_partition(text(partition(12))), partition(12));
  EXPECT_EQ(parse_segment_file(segment_stem({Offset{42}, 0}) + ".log"), (SegmentName{Offset{42}, 0}));
  EXPECT_EQ(parse_segment_file(segment_stem({Offset{42}, 3}) + ".sums"), (SegmentName{Offset{42}, 3}));
  EXPECT_EQ(parse_journal(journal_name(7)), 7u);
  for (const char* other : {"", "x.log", "00000000000000000001.txt", "00000000000000000001-.log",
                            "0000000000000000000x.log", "00000000000000000001-0.log", "00000000000000000001"}) {
    EXPECT_FALSE(parse_segment_file(other)) << other;
  }
  for (const char* other :
       {"", "abc-0", "01010101-0101-0101-0101-010101010101", "01010101-0101-0101-0101-010101010101--1"}) {
    EXPECT_FALSE(parse_partition(other)) << other;
  }
}

}  // namespace
}  // namespace leat::log
