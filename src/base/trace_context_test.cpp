#include "base/trace_context.h"

#include <gtest/gtest.h>

namespace leat {

TEST(TraceContext, AcceptsWhatTheRecommendationAccepts) {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  struct Case {
    std::string text;
    bool accepted;
  };
  for (const auto& [text, accepted] : {
           Case{good, true},
           Case{"cc" + good.substr(2), true},
           Case{"cc" + good.substr(2) + "-more", true},
           Case{"cc" + good.substr(2) + "more", false},
           Case{good + "-more", false},
           Case{good + "1", false},
           Case{"ff" + good.substr(2), false},
           Case{"", false},
           Case{good.substr(1), false},
           Case{"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
           Case{"00-00000000000000000000000000000000-b7ad6b7169203331-01", false},
           Case{"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false},
           Case{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g", false},
           Case{"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
       }) {
    EXPECT_EQ(TraceContext::parse(text).has_value(), accepted) << text;
  }
  const auto context = TraceContext::parse("cc" + good.substr(2) + "-more");
  EXPECT_EQ(context->trace_id[0], 0x0a);
  EXPECT_EQ(context->span_id[7], 0x31);
  EXPECT_EQ(context->flags, 1);
  EXPECT_EQ(context->text(), good);  // we speak version 00
}

}  // namespace leat
