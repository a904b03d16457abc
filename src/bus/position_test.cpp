#include "bus/position.h"

#include <limits>

#include <gtest/gtest.h>

namespace leat::bus {
namespace {

const std::string zeros(22, 'A');

Uuid uuid(std::uint8_t first, std::uint8_t step) {
  Uuid id;
  for (auto& byte : id.bytes) byte = std::exchange(first, static_cast<std::uint8_t>(first + step));
  return id;
}

TEST(PositionText, IsWhatTheFormatSays) {
  const Position position{.bus = uuid(0, 17), .topic = {uuid(0xff, 0)}, .partition = {3}, .epoch = {-1}, .next = {42}};
  EXPECT_EQ(to_text({position}), "ABEiM0RVZneImaq7zN3u_w._____________________w.3.-1.42");
  EXPECT_EQ(to_text({}), "");
}

// What is as in the position before is left out: ids, then partition and epoch when it is the next partition.
TEST(PositionText, SaysOnlyWhatIsNew) {
  const Position first{.bus = uuid(0, 17), .topic = {uuid(0xff, 0)}, .partition = {3}, .epoch = {-1}, .next = {42}};
  auto second = first, third = first, fourth = first;
  second.partition = {4}, second.next = {7};
  third.partition = {5}, third.epoch = {2};
  fourth.topic = {uuid(1, 0)};
  const std::string ids = "ABEiM0RVZneImaq7zN3u_w._____________________w";
  EXPECT_EQ(to_text({first, second, third, fourth, first}),
            ids + ".3.-1.42,7,5.2.42,ABEiM0RVZneImaq7zN3u_w.AQEBAQEBAQEBAQEBAQEBAQ.3.-1.42," + ids + ".3.-1.42");
  // As a client writes that puts two headers into one.
  const auto joined = parse_positions(to_text({first}) + "," + to_text({second, third}));
  ASSERT_TRUE(joined);
  EXPECT_EQ(*joined, (std::vector{first, second, third}));
}

// The most partitions that a topic may have, and several such topics, have a text that can be read back.
TEST(PositionText, HoldsHoweverManyPartitionsThereAre) {
  std::vector<Position> all;
  for (std::uint8_t topic = 0; topic < 8; ++topic)
    for (std::int32_t i = 0; i < partitions_max; ++i)
      all.push_back({.topic = {uuid(topic, 1)}, .partition = {i}, .epoch = {i % 7 == 0 ? -1 : 0}, .next = {i * 1001}});
  const auto back = parse_positions(to_text(all));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(*back, all);
}

TEST(PositionText, ComesBackAsItWas) {
  std::vector<Position> all;
  for (const std::int32_t epoch : {-1, 0, 7, std::numeric_limits<std::int32_t>::max()})
    for (const std::int64_t next : {std::int64_t{-2}, std::int64_t{0}, std::numeric_limits<std::int64_t>::max()})
      for (const std::int32_t partition : {0, 9, std::numeric_limits<std::int32_t>::max()})
        all.push_back({.bus = uuid(static_cast<std::uint8_t>(all.size()), 91),
                       .topic = {uuid(static_cast<std::uint8_t>(next), 13)},
                       .partition = {partition},
                       .epoch = {epoch},
                       .next = {next}});
  for (std::size_t count = 0; count <= all.size(); ++count) {
    const std::vector<Position> some(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    const auto back = parse_positions(to_text(some));
    ASSERT_TRUE(back) << back.error().what;
    EXPECT_EQ(*back, some);
  }
}

TEST(PositionText, RefusesWhatIsMalformedAndSaysWhere) {
  const std::string ids = zeros + "." + zeros;
  const std::string good = ids + ".0.0.0";
  std::string many = good;
  for (std::size_t i = 0; i < positions_max; ++i) many += ",0";
  struct Case {
    const char* name;
    std::string text;
    std::size_t offset;
  };
  for (const auto& [name, text, offset] : {
           Case{"a comma alone", ",", 0},
           Case{"a comma at the end", good + ",", good.size() + 1},
           Case{"a comma in front", "," + good, 0},
           Case{"a space between", good + ", " + good, good.size() + 1},
           Case{"rest", good + "x", good.size()},
           Case{"a fifth number", good + ".1", good.size()},
           Case{"short bus id", "AAA." + zeros + ".0.0.0", 3},
           Case{"long bus id", "A" + good, 22},
           Case{"not base64url", "AA+" + good.substr(3), 2},
           Case{"padding", zeros.substr(1) + "=." + zeros + ".0.0.0", 21},
           Case{"bits past the id", zeros.substr(1) + "B." + zeros + ".0.0.0", 21},
           Case{"no topic", zeros + "..0.0.0", 23},
           Case{"no partition", ids + "..0.0", 46},
           Case{"negative partition", ids + ".-1.0.0", 46},
           Case{"partition with plus", ids + ".+1.0.0", 46},
           Case{"partition with zeros in front", ids + ".01.0.0", 46},
           Case{"partition past 32 bits", ids + ".2147483648.0.0", 46},
           Case{"hex", ids + ".0x1.0.0", 47},
           Case{"epoch below -1", ids + ".0.-2.0", 48},
           Case{"minus zero", ids + ".0.-0.0", 48},
           Case{"epoch past 32 bits", ids + ".0.2147483648.0", 48},
           Case{"no offset", ids + ".0.0.", 50},
           Case{"offset below start_of_log", ids + ".0.0.-3", 50},
           Case{"offset -1", ids + ".0.0.-1", 52},
           Case{"offset past 64 bits", ids + ".0.0.9223372036854775808", 50},
           Case{"offset with a space", ids + ".0.0. 1", 50},
           Case{"a NUL", good + std::string(1, '\0'), good.size()},
           Case{"a word after", good + ",x", good.size() + 1},
           Case{"a number and a dot after", good + ",1.", good.size() + 2},
           Case{"two numbers after", good + ",1.1", good.size() + 2},
           Case{"start of log, padded, after", good + ",-02", good.size() + 1},
           Case{"past the last partition", ids + ".2147483647.0.0,1", ids.size() + 16},
           Case{"too many of them", many, many.size() - 1},
       }) {
    SCOPED_TRACE(name);
    const auto parsed = parse_positions(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Code::invalid);
    EXPECT_NE(parsed.error().what.find("at offset " + std::to_string(offset) + ":"), std::string::npos)
        << parsed.error().what;
  }
}

// Whatever one byte does to a good text, the parser answers, and what it accepts means the same when written anew.
TEST(PositionText, EveryOneByteChangeIsRefusedOrReadAsAPosition) {
  const std::string good =
      to_text({{.bus = uuid(1, 29), .topic = {uuid(9, 31)}, .partition = {2}, .epoch = {5}, .next = {1234}},
               {.bus = uuid(1, 29), .topic = {uuid(9, 31)}, .partition = {3}, .epoch = {-1}, .next = {-2}},
               {.bus = uuid(1, 29), .topic = {uuid(9, 31)}, .partition = {4}, .epoch = {-1}, .next = {17}}});
  for (std::size_t at = 0; at < good.size(); ++at) {
    const std::string cut = good.substr(0, at);
    if (const auto parsed = parse_positions(cut)) {
      EXPECT_EQ(parse_positions(to_text(*parsed)).value(), *parsed);
    }
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = good;
      changed[at] = static_cast<char>(byte);
      if (const auto parsed = parse_positions(changed)) {
        EXPECT_EQ(parse_positions(to_text(*parsed)).value(), *parsed);
      }
    }
  }
}

}  // namespace
}  // namespace leat::bus
