#include "bus/packing.h"

#include <gtest/gtest.h>

#include "log/record_batch.h"

namespace leat::bus {
namespace {

Publication event(std::uint64_t number, std::int32_t partition, std::string value, std::int64_t timestamp_ms = 5) {
  return {number, TopicId{}, {partition}, Record{timestamp_ms, std::nullopt, std::move(value), {}}};
}

struct Packed {
  std::vector<log::Part> parts;
  std::vector<Place> places;  // one for each publication, in order
};

Packed pack_all(const std::vector<Publication>& publications, std::size_t batch_bytes) {
  Packer packer(batch_bytes);
  Packed packed;
  for (const auto& publication : publications) packed.places.push_back(packer.add(publication));
  packed.parts = packer.finish();
  return packed;
}

struct Batch {
  log::BatchHeader header;
  std::vector<std::string> values;
};

std::vector<Batch> batches_of(std::string_view rest) {
  std::vector<Batch> out;
  while (!rest.empty()) {
    const auto header = log::check_batch(rest);
    EXPECT_TRUE(header);
    if (!header) break;
    Batch& batch = out.emplace_back(Batch{*header, {}});
    EXPECT_TRUE(log::for_each_record(rest.substr(0, header->size_bytes()),
                                     [&](const log::Record& record) { batch.values.emplace_back(*record.value); }));
    rest.remove_prefix(header->size_bytes());
  }
  return out;
}

TEST(Packing, NeighboursOfAPartitionShareABatchAndKeepTheirOrder) {
  const auto packed =
      pack_all({event(1, 2, "a", 30), event(2, 0, "b"), event(3, 2, "c", 10), event(4, 2, "d", 20)}, 1000);
  ASSERT_EQ(packed.parts.size(), 2u);
  EXPECT_EQ(packed.parts[0].partition.index, PartitionIndex{2});
  const auto first = batches_of(packed.parts[0].batches), second = batches_of(packed.parts[1].batches);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].values, (std::vector<std::string>{"a", "c", "d"}));
  EXPECT_EQ(first[0].header.base_timestamp_ms, 30);
  EXPECT_EQ(first[0].header.max_timestamp_ms, 30);
  EXPECT_EQ(first[0].header.record_count, 3);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].values, (std::vector<std::string>{"b"}));
  std::vector<std::pair<std::size_t, std::int64_t>> places;
  for (const auto& [part, record] : packed.places) places.emplace_back(part, record);
  EXPECT_EQ(places, (std::vector<std::pair<std::size_t, std::int64_t>>{{0, 0}, {1, 0}, {0, 1}, {0, 2}}));
}

TEST(Packing, ABatchIsBoundedButARecordIsNeverCut) {
  const std::string small(40, 's'), large(500, 'l');
  const auto packed = pack_all(
      {event(1, 0, small), event(2, 0, small), event(3, 0, small), event(4, 0, large), event(5, 0, small)}, 180);
  ASSERT_EQ(packed.parts.size(), 1u);
  std::vector<std::size_t> sizes;
  for (const Batch& batch : batches_of(packed.parts[0].batches)) sizes.push_back(batch.values.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 1, 1, 1}));
  EXPECT_EQ(packed.places.back().record, 4);
}

}  // namespace
}  // namespace leat::bus
