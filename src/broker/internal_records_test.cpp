#include "broker/internal_records.h"

#include <limits>

#include <gtest/gtest.h>

namespace leat::broker {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

Uuid counting() {
  Uuid id;
  for (std::uint8_t i = 0; auto& byte : id.bytes) byte = i++;
  return id;
}

// The worked examples of docs/formats/internal-topics.md.
TEST(InternalRecords, AreTheBytesOfTheFormatPage) {
  EXPECT_EQ(hex(encode_identity(counting())), "01000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(hex(encode_progress({.epoch = 3, .last = 1042})), "01000000030000000000000412");
  const Topic topic{"posts", {counting()}, {.partitions = 4, .retention_ms = 60'000, .compacted = true}};
  EXPECT_EQ(topic_key("posts"), "topic/posts");
  EXPECT_EQ(hex(encode_topic({topic, true})),
            "0103000102030405060708090a0b0c0d0e0f00000004000000000000ea60ffffffffffffffff0000000010000000");
}

TEST(InternalRecords, ComeBackAsTheyWere) {
  for (const bool settled : {false, true})
    for (const bool compacted : {false, true})
      for (const std::optional<std::int64_t> ms : {std::optional<std::int64_t>(), {0}, {1}})
        for (const std::optional<std::uint64_t> bytes : {std::optional<std::uint64_t>(), {0}, {1ull << 40}}) {
          const TopicRecord record{{"posts", {counting()}, {7, ms, bytes, compacted, 1 << 20}}, settled};
          const auto back = decode_topic("posts", encode_topic(record));
          ASSERT_TRUE(back);
          EXPECT_EQ(*back, record);
        }
  for (const std::uint64_t last : {std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()}) {
    const Progress progress{std::numeric_limits<std::int32_t>::max(), last};
    EXPECT_EQ(decode_progress(encode_progress(progress)).value(), progress);
  }
  EXPECT_EQ(decode_identity(encode_identity(counting())).value(), counting());
}

TEST(InternalRecords, AnotherLengthIsDamageAndAnotherVersionIsToldApart) {
  const std::string topic = encode_topic({{"posts", {counting()}, {}}, true});
  const std::string identity = encode_identity(counting()), progress = encode_progress({1, 2});
  const auto code = [](const auto& result) { return result ? std::optional<Code>() : result.error().code; };
  for (std::size_t size = 1; size < topic.size(); ++size)
    EXPECT_EQ(code(decode_topic("posts", topic.substr(0, size))), Code::corrupt) << size;
  for (std::size_t size = 1; size < identity.size(); ++size)
    EXPECT_EQ(code(decode_identity(identity.substr(0, size))), Code::corrupt) << size;
  for (std::size_t size = 1; size < progress.size(); ++size)
    EXPECT_EQ(code(decode_progress(progress.substr(0, size))), Code::corrupt) << size;
  EXPECT_EQ(code(decode_topic("posts", topic + '\0')), Code::corrupt);
  EXPECT_EQ(code(decode_identity(identity + '\0')), Code::corrupt);
  EXPECT_EQ(code(decode_progress(progress + '\0')), Code::corrupt);
  const auto newer = decode_progress("\x02" + progress.substr(1));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Code::invalid);
  EXPECT_NE(newer.error().what.find("version 2"), std::string::npos) << newer.error().what;
}

TEST(TopicNames, AreKafkasWithoutOurOwn) {
  for (const char* good : {"a", "A.b-c_9", "...", "_x", "posts"}) EXPECT_TRUE(check_topic_name(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"), std::string("\xff"),
        std::string("__x"), std::string("a\nb"), std::string(250, 'a')})
    EXPECT_FALSE(check_topic_name(bad)) << bad;
}

}  // namespace
}  // namespace leat::broker
