#include "base/nearest.h"

#include <gtest/gtest.h>

namespace leat {

TEST(Nearest, FindsTheSlipAndNothingElse) {
  const std::vector<std::string> known = {"emit", "require", "answer", "status"};
  struct Case {
    const char* typed;
    std::optional<std::string> meant;
  };
  for (const auto& [typed, meant] : {Case{"emmit", "emit"}, Case{"emti", "emit"}, Case{"requires", "require"},
                                     Case{"answr", "answer"}, Case{"sql", std::nullopt}, Case{"", std::nullopt},
                                     Case{"stauts", "status"}, Case{"completely", std::nullopt}}) {
    EXPECT_EQ(nearest(typed, known), meant) << typed;
  }
}

}  // namespace leat
