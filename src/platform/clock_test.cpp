#include "platform/clock.h"

#include <gtest/gtest.h>

namespace leat::platform {

TEST(Rfc3339, ReadsWhatTheStandardAllowsAndNothingElse) {
  struct Case {
    const char* text;
    std::optional<std::int64_t> unix_ms;
  };
  for (const auto& [text, unix_ms] : std::initializer_list<Case>{
           {"1970-01-01T00:00:00Z", 0},
           {"1970-01-01T00:00:01.5Z", 1500},
           {"2026-11-21T23:51:24.000Z", 1795305084000},
           {"2026-11-22T00:51:24.123456789+01:00", 1795305084123},
           {"2026-11-21 18:51:24-05:00", 1795305084000},
           {"2024-02-29t00:00:00z", 1709164800000},
           {"2023-02-29T00:00:00Z", std::nullopt},
           {"2026-11-21T24:00:00Z", std::nullopt},
           {"2026-11-21T23:51:24", std::nullopt},
           {"2026-11-21T23:51:24.Z", std::nullopt},
           {"2026-11-21T23:51:24+24:00", std::nullopt},
           {"2026-11-21T23:51:24-01:60", std::nullopt},
           {"2026-11-21", std::nullopt},
           {"start", std::nullopt},
           {"", std::nullopt},
           {"2026-11-21T23:51:24Z ", std::nullopt},
       })
    EXPECT_EQ(parse_rfc3339(text), unix_ms) << text;
}

TEST(Rfc3339, WritesWhatItReads) {
  for (const std::int64_t ms : {0L, 1L, 999L, 1795305084123L, -1L, 253402300799999L})
    EXPECT_EQ(parse_rfc3339(rfc3339(ms)), ms);
}

}  // namespace leat::platform
