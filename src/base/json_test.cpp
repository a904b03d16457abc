#include "base/json.h"

#include <limits>

#include <gtest/gtest.h>

namespace leat {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Json, KeepsIntegersApartFromDoublesAndTheOrderOfMembers) {
  const auto value = parse_json(R"( {"z":1,"a":-2,"big":18446744073709551615,"real":1.0,"more":[true,null,"x"]} )");
  ASSERT_TRUE(value) << value.error().what;
  EXPECT_EQ(json::serialize(*value), R"({"z":1,"a":-2,"big":18446744073709551615,"real":1E0,"more":[true,null,"x"]})");
  EXPECT_TRUE(value->at("z").is_int64());
  EXPECT_TRUE(value->at("big").is_uint64());
  EXPECT_TRUE(value->at("real").is_double());
}

TEST(Json, RoundsDoublesAsTheStandardSays) {
  struct Case {
    const char* text;
    double value;
  };
  for (const auto& [text, value] :
       {Case{"0.1", 0.1}, Case{"-1.7976931348623157e308", -1.7976931348623157e308}, Case{"5e-324", 5e-324},
        Case{"123456789.123456789", 123456789.123456789}, Case{"18446744073709551616", 18446744073709551616.0},
        Case{"-9223372036854775809", -9223372036854775809.0}, Case{"1e-999", 0}}) {
    const auto parsed = parse_json(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().what;
    EXPECT_EQ(parsed->as_double(), value) << text;
  }
}

TEST(Json, RefusesWhatIsNotStrictAndSaysWhere) {
  struct Case {
    std::string text;
    const char* reason;
  };
  for (const auto& [text, reason] :
       {Case{"", "byte 0: incomplete"}, Case{"{\"a\":1", "byte 6: incomplete"}, Case{"[1,]", "byte 3: syntax"},
        Case{"{'a':1}", "byte 1: "}, Case{"[1] x", "byte 4: extra data"}, Case{"1 2", "byte 2: extra data"},
        Case{"01", "byte 1: extra data"}, Case{"NaN", "byte 0: syntax"}, Case{"// no\n1", "byte 0: syntax"},
        Case{R"({"a":1,"b":2,"a":3})", "duplicate key \"a\""},
        Case{R"([{"x":{"a":1,"\u0061":3}}])", "duplicate key \"a\""}, Case{"\"\xff\"", "byte 1: "},
        Case{"\"\xc0\xaf\"", "byte 1: "}, Case{"\"\xed\xa0\x80\"", "byte 1: "}, Case{R"("\ud800")", "byte 7: syntax"},
        Case{"\"a\nb\"", "byte 2: "}, Case{"1e999", "number out of range"},
        Case{std::string("1\0", 2), "byte 1: extra data"}}) {
    const auto value = parse_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Code::invalid) << text;
    EXPECT_NE(value.error().what.find(reason), std::string::npos) << text << " -> " << value.error().what;
  }
}

TEST(Json, NamesThePlaceOfADuplicateKey) {
  JsonFault fault;
  const auto value = parse_json(R"({"a":1,"b":2,"a":3})", {}, &fault);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().what, "JSON at byte 15: duplicate key \"a\"");
  EXPECT_EQ(fault.offset, 15u);
  EXPECT_EQ(fault.reason, "duplicate key \"a\"");
}

TEST(Json, FindsDuplicatesInWideObjectsAndNotBetweenSiblings) {
  for (const int width : {2, 23, 24, 25, 1000}) {
    std::string text = "{";
    for (int i = 0; i < width; ++i) text += "\"k" + std::to_string(i) + "\":{\"same\":1},";
    EXPECT_TRUE(parse_json(text + "\"last\":0}")) << width;
    EXPECT_TRUE(parse_json("[" + text + "\"last\":0}," + text + "\"last\":0}]")) << width;
    EXPECT_FALSE(parse_json(text + "\"k0\":0}")) << width;
    EXPECT_FALSE(parse_json(text + "\"k" + std::to_string(width - 1) + "\":0}")) << width;
  }
}

TEST(Json, TellsOneValueFromAnythingElse) {
  for (const char* text : {"null", " true ", "-0.5e+3", R"("a\u00e9\n")", "[]", R"({"a":[1,{"b":null}],"a":2})",
                           "1e999", "123456789012345678901234567890"})
    EXPECT_TRUE(is_json(text)) << text;
  for (const char* text : {"", " ", "1,2", R"(1,"admin":true)", "{}}", "[1", "[1,]", "{a:1}", "'a'", "nul", "01", "NaN",
                           "Infinity", "// x\n1", "\"\n\"", "\"\xff\"", "\xef\xbb\xbf{}"})
    EXPECT_FALSE(is_json(text)) << text;
  EXPECT_TRUE(is_json(std::string(256, '[') + std::string(256, ']')));
  EXPECT_FALSE(is_json(std::string(257, '[') + std::string(257, ']')));
  EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST(Json, BoundsTheDepth) {
  EXPECT_TRUE(parse_json(nested(64)));
  EXPECT_FALSE(parse_json(nested(65)));
  EXPECT_FALSE(parse_json(nested(100'000)));
  EXPECT_TRUE(parse_json(nested(3), {.depth_max = 3}));
  EXPECT_FALSE(parse_json(nested(4), {.depth_max = 3}));
}

TEST(Json, WritesStringsThatReadBackTheSame) {
  std::string every;
  for (int c = 0; c < 128; ++c) every += static_cast<char>(c);
  for (const std::string& text :
       {std::string(), std::string("plain"), every, std::string("\xc3\xa9 \xf0\x9f\x90\xb1")}) {
    std::string quoted;
    append_json_string(quoted, text);
    const auto back = parse_json(quoted);
    ASSERT_TRUE(back) << quoted;
    EXPECT_EQ(std::string_view(back->as_string()), text);
  }
}

TEST(Utf8, AcceptsWhatRfc3629Accepts) {
  struct Case {
    std::string_view text;
    bool good;
  };
  for (const auto& [text, good] : {Case{"", true},
                                   Case{"eight ascii bytes and more", true},
                                   Case{"\xc2\x80", true},
                                   Case{"\xdf\xbf", true},
                                   Case{"\xe0\xa0\x80", true},
                                   Case{"\xed\x9f\xbf", true},
                                   Case{"\xee\x80\x80", true},
                                   Case{"\xf0\x90\x80\x80", true},
                                   Case{"\xf4\x8f\xbf\xbf", true},
                                   Case{"\x80", false},
                                   Case{"\xc1\xbf", false},
                                   Case{"\xe0\x9f\xbf", false},
                                   Case{"\xed\xa0\x80", false},
                                   Case{"\xf0\x8f\xbf\xbf", false},
                                   Case{"\xf4\x90\x80\x80", false},
                                   Case{"\xf5\x80\x80\x80", false},
                                   Case{"\xc3", false},
                                   Case{"\xe2\x82", false},
                                   Case{"\xf0\x9f\x90", false},
                                   Case{"\xc3(", false},
                                   Case{"12345678\xff", false}}) {
    EXPECT_EQ(is_utf8(text), good) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace leat
