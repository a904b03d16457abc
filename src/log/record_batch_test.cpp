#include "log/record_batch.h"

#include <functional>

#include "base/crc32c.h"
#include "base/endian.h"
#include "log/batch_layout.h"
#include "log/test_world.h"

namespace leat::log {
namespace {

// Gives a changed batch the CRC that fits it.
std::string resealed(std::string batch) {
  store_be(batch.data() + batch_layout::crc, crc32c(std::string_view(batch).substr(batch_layout::attributes)));
  return batch;
}

TEST(RecordBatch, HasTheBytesOfTheFormat) {
  EXPECT_EQ(hex(build_batch({{.timestamp_ms = 1000, .value = "a"}})),
            "000000000000000000000039ffffffff02ebf1884b00000000000000000000000003e800000000000003e8"
            "ffffffffffffffffffffffffffff000000010e00000001026100");
}

TEST(RecordBatch, ReadsBackWhatWasBuilt) {
  const std::vector<Record> records{
      {.timestamp_ms = 5, .key = "k", .value = "v", .headers = {{"h", "x"}, {"null", std::nullopt}, {"", ""}}},
      {.timestamp_ms = 3, .key = std::nullopt, .value = std::nullopt},
      {.timestamp_ms = 900'000'000'000, .key = "", .value = ""}};
  std::string batch = build_batch(records);
  stamp(batch.data(), Offset{1000}, Epoch{7});
  const auto header = check_batch(batch);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->size_bytes(), batch.size());
  EXPECT_EQ(header->leader_epoch, Epoch{7});
  EXPECT_EQ(header->next_offset(), Offset{1003});
  EXPECT_EQ(header->max_timestamp_ms, 900'000'000'000);
  std::size_t i = 0;
  ASSERT_TRUE(for_each_record(batch, [&](const Record& record) {
    EXPECT_EQ(record.offset, Offset{static_cast<std::int64_t>(1000 + i)});
    EXPECT_EQ(record.timestamp_ms, records[i].timestamp_ms);
    EXPECT_EQ(record.key, records[i].key);
    EXPECT_EQ(record.value, records[i].value);
    ASSERT_EQ(record.headers.size(), records[i].headers.size());
    for (std::size_t h = 0; h < record.headers.size(); ++h) {
      EXPECT_EQ(record.headers[h].key, records[i].headers[h].key);
      EXPECT_EQ(record.headers[h].value, records[i].headers[h].value);
    }
    ++i;
  }));
  EXPECT_EQ(i, records.size());
}

TEST(RecordBatch, RefusesEveryFlippedBitThatTheCrcCovers) {
  const std::string batch = build_batch({{.timestamp_ms = 1, .key = "key", .value = "value"}});
  for (std::size_t at = batch_layout::crc; at < batch.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = batch;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
      const auto checked = check_batch(flipped);
      ASSERT_FALSE(checked) << at;
      EXPECT_EQ(checked.error().code, Code::invalid);
    }
  }
}

TEST(RecordBatch, RefusesWhatIsNoBatch) {
  const std::string good = batch_of({"a", "b"});
  const auto with = [&](std::size_t at, auto value) {
    std::string changed = good;
    store_be(changed.data() + at, value);
    return resealed(changed);
  };
  struct Case {
    const char* name;
    std::string bytes;
  };
  for (const auto& [name, bytes] : {Case{"empty", ""}, Case{"cut in the header", good.substr(0, 40)},
                                    Case{"cut in the records", good.substr(0, good.size() - 1)},
                                    Case{"magic 1", with(batch_layout::magic, std::int8_t{1})},
                                    Case{"negative length", with(batch_layout::length, std::int32_t{-1})},
                                    Case{"length too small", with(batch_layout::length, std::int32_t{48})},
                                    Case{"length too large", with(batch_layout::length, std::int32_t{0x7fffffff})},
                                    Case{"no records", with(batch_layout::record_count, std::int32_t{0})},
                                    Case{"too many records", with(batch_layout::record_count, std::int32_t{3})},
                                    Case{"negative delta", with(batch_layout::last_offset_delta, std::int32_t{-1})}}) {
    const auto checked = check_batch(bytes);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, Code::invalid) << name;
  }
}

// A CRC says only that the bytes are the sender's: what they claim must still be checked.
TEST(RecordBatch, RecordsThatLieAreRefusedWhereverTheLieStands) {
  const std::string good = build_batch({{.timestamp_ms = 1, .key = "key", .value = "value", .headers = {{"h", "v"}}}});
  int refused = 0;
  for (std::size_t at = batch_header_bytes; at < good.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string changed = good;
      changed[at] = static_cast<char>(value);
      const auto walked = for_each_record(resealed(changed), [](const Record&) {});
      if (!walked) {
        EXPECT_EQ(walked.error().code, Code::invalid);
      }
      refused += !walked;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST(RecordBatch, DoesNotReadCompressedOrControlBatches) {
  for (const std::int16_t attributes : {1, 4, 0x30}) {
    std::string batch = batch_of({"a"});
    store_be(batch.data() + batch_layout::attributes, attributes);
    EXPECT_FALSE(RecordReader::open(resealed(batch)));
  }
}

}  // namespace
}  // namespace leat::log
