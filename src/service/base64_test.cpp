#include "service/base64.h"

#include <gtest/gtest.h>

namespace leat::service {
namespace {

// The vectors of RFC 4648, and what must not be taken for one.
TEST(Base64, GoesThereAndBack) {
  struct Case {
    std::string bytes;
    const char *standard, *url;
  };
  for (const auto& [bytes, standard, url] : {
           Case{"", "", ""},
           Case{"f", "Zg==", "Zg"},
           Case{"fo", "Zm8=", "Zm8"},
           Case{"foo", "Zm9v", "Zm9v"},
           Case{"foob", "Zm9vYg==", "Zm9vYg"},
           Case{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
           Case{std::string("\xff\xef\x00", 3), "/+8A", "_-8A"},
       }) {
    SCOPED_TRACE(standard);
    EXPECT_EQ(to_base64(bytes), standard);
    EXPECT_EQ(from_base64(standard), bytes);
    EXPECT_EQ(to_base64url(bytes), url);
    EXPECT_EQ(from_base64url(url), bytes);
  }
}

TEST(Base64, RefusesWhatItWouldNotHaveWritten) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zm9v\n", "Zm-v", "Zg==Zg=="}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(from_base64(text), std::nullopt);
  }
  for (const char* text : {"Z", "Zh", "Zm9", "Zg==", "Zm+v"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(from_base64url(text), std::nullopt);
  }
}

}  // namespace
}  // namespace leat::service
