// Bytes as others see them: checksums, integers and ids against the vectors of their standards.
#include <array>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/endian.h"
#include "base/uuid.h"
#include "base/varint.h"

namespace leat {
namespace {

std::string counted(int first, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(first + i * step);
  return bytes;
}

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  struct Case {
    const char* name;
    std::string bytes;
    std::uint32_t crc;
  };
  for (const auto& [name, bytes, crc] :
       {Case{"nothing", "", 0}, Case{"zeros", std::string(32, '\0'), 0x8a9136aa},
        Case{"ones", std::string(32, '\xff'), 0x62a8ab43}, Case{"ascending", counted(0, 1), 0x46dd794e},
        Case{"descending", counted(31, -1), 0x113fdb5c}, Case{"digits", "123456789", 0xe3069283}}) {
    EXPECT_EQ(crc32c(bytes), crc) << name;
  }
}

TEST(Crc32c, GoesOnFromAnyPoint) {
  const std::string bytes = "the quick brown fox jumps over the lazy dog, twice";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view all = bytes;
    EXPECT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c(all)) << cut;
  }
}

TEST(Crc32c, IsTheSameInOneGoAndByteByByte) {
  std::string bytes;
  std::uint32_t state = 7, byte_by_byte = 0;
  for (std::size_t size = 1; size <= 3000; ++size) {
    state = state * 1664525 + 1013904223;
    bytes += static_cast<char>(state >> 24);
    byte_by_byte = crc32c(std::string_view(bytes).substr(size - 1), byte_by_byte);
    ASSERT_EQ(crc32c(bytes), byte_by_byte) << size;
  }
}

template <class Int>
void expect_round_trips(std::initializer_list<Int> values) {
  for (const Int value : values) {
    std::string out = "x";
    append_be(out, value);
    ASSERT_EQ(out.size(), 1 + sizeof(Int));
    EXPECT_EQ(load_be<Int>(out.data() + 1), value);
  }
}

TEST(Endian, WritesTheHighestByteFirst) {
  std::string out;
  append_be<std::int32_t>(out, 0x01020304);
  append_be<std::int16_t>(out, -2);
  append_be<std::uint8_t>(out, 200);
  EXPECT_EQ(out, std::string("\x01\x02\x03\x04\xff\xfe\xc8"));
}

TEST(Endian, ReadsBackEveryWidth) {
  expect_round_trips<std::int8_t>({0, -1, 127, -128});
  expect_round_trips<std::uint16_t>({0, 0xff00, 0xffff});
  expect_round_trips<std::int32_t>({0, -1, std::numeric_limits<std::int32_t>::min(), 0x00ff00ff});
  expect_round_trips<std::int64_t>({0, -1, std::numeric_limits<std::int64_t>::min(), 0x0102030405060708});
  expect_round_trips<std::uint64_t>({0, std::numeric_limits<std::uint64_t>::max()});
}

TEST(Varint, WritesZigzagAsKafkaDoes) {
  struct Case {
    std::int64_t value;
    std::string bytes;
  };
  for (const auto& [value, bytes] :
       {Case{0, std::string(1, '\0')}, Case{-1, "\x01"}, Case{1, "\x02"}, Case{63, "\x7e"}, Case{-64, "\x7f"},
        Case{64, "\x80\x01"}, Case{-65, "\x81\x01"}, Case{8191, "\xfe\x7f"}, Case{8192, "\x80\x80\x01"},
        Case{std::numeric_limits<std::int64_t>::max(), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
        Case{std::numeric_limits<std::int64_t>::min(), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}}) {
    std::string out;
    append_varint(out, value);
    EXPECT_EQ(varint_bytes(value), out.size());
    EXPECT_EQ(out, bytes) << value;
    std::string_view in = out;
    EXPECT_EQ(take_varint(in), value);
    EXPECT_TRUE(in.empty());
  }
}

TEST(Varint, TakesOneNumberAndLeavesTheRest) {
  std::string bytes;
  append_uvarint(bytes, 300);
  append_uvarint(bytes, std::numeric_limits<std::uint64_t>::max());
  std::string_view in = bytes;
  EXPECT_EQ(take_uvarint(in), 300u);
  EXPECT_EQ(take_uvarint(in), std::numeric_limits<std::uint64_t>::max());
  EXPECT_TRUE(in.empty());
}

TEST(Varint, RefusesWhatEndsEarlyOrIsTooLargeAndTakesNothing) {
  for (const std::string& bytes : {std::string(), std::string("\x80"), std::string("\xff\xff\xff"),
                                   std::string(9, '\xff') + "\x02", std::string(10, '\xff') + "\x01"}) {
    std::string_view in = bytes;
    EXPECT_FALSE(take_uvarint(in));
    EXPECT_EQ(in, bytes);
    EXPECT_FALSE(take_varint(in));
    EXPECT_EQ(in, bytes);
  }
}

TEST(Uuid, StampsVersionAndVariant) {
  std::array<std::uint8_t, 16> ones;
  ones.fill(0xff);
  EXPECT_EQ(Uuid::v4(ones).text(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  EXPECT_EQ(Uuid::v4({}).text(), "00000000-0000-4000-8000-000000000000");
}

TEST(Uuid, Version7MatchesTheExampleOfRfc9562AndSortsByTime) {
  // Appendix A.6: 2022-02-22T19:22:22Z.
  const std::array<std::uint8_t, 16> random = {0,    0,    0,    0,    0,    0,    0x0c, 0xc3,
                                               0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
  EXPECT_EQ(Uuid::v7(1'645'557'742'000, random).text(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  std::array<std::uint8_t, 16> ones;
  ones.fill(0xff);
  EXPECT_LT(Uuid::v7(1000, ones), Uuid::v7(1001, {}));
}

TEST(Uuid, ReadsTheLongFormOnly) {
  const Uuid id = Uuid::v7(1'645'557'742'000, {});
  EXPECT_EQ(Uuid::parse(id.text()), id);
  EXPECT_EQ(Uuid::parse("017F22E2-79B0-7000-8000-000000000000"), id);
  for (const char* text : {"", "017f22e279b070008000000000000000", "{017f22e2-79b0-7000-8000-000000000000}",
                           "017f22e2-79b0-7000-8000-00000000000", "017f22e2-79b0-7000-8000-0000000000000",
                           "017f22e2079b0-7000-8000-00000000000", "017f22e2-79b0-7000-8000-00000000000g"})
    EXPECT_FALSE(Uuid::parse(text)) << text;
}

}  // namespace
}  // namespace leat
