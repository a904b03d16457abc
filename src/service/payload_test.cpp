#include "service/payload.h"

#include <gtest/gtest.h>

namespace leat::service {
namespace {

// Each costs what it needs, however many large ones came before.
TEST(Payload, ManyLargeEventsOneAfterTheOther) {
  Payload payload;
  const std::string large = R"({"name":")" + std::string(20'000, 'x') + R"("})";
  for (int i = 0; i < 60; ++i) {
    const auto data = payload.parse(large);
    ASSERT_TRUE(data) << "event " << i << ": " << data.error().what;
    ASSERT_EQ((*data)->at("name").as_string().size(), 20'000u);
    ASSERT_TRUE(payload.parse(R"({"a":[1,2,3]})"));
  }
}

TEST(Payload, WhatIsNoObjectIsSaidAndTheNextIsRead) {
  Payload payload;
  for (const char* wrong : {"", "{", "[1]", "7", "{\"a\":1}x"}) {
    const auto data = payload.parse(wrong);
    ASSERT_FALSE(data) << wrong;
    EXPECT_EQ(data.error().code, Code::invalid);
    ASSERT_TRUE(payload.parse(R"({"a":1})"));
  }
  EXPECT_EQ(payload.parse("null"), nullptr);
  EXPECT_EQ(payload.parse(std::nullopt), nullptr);
}

}  // namespace
}  // namespace leat::service
