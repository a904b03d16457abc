#include "telemetry/log.h"

#include <limits>
#include <type_traits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace leat::telemetry {
namespace {

class FixedClock final : public platform::Clock {
 public:
  std::int64_t unix_ms() override { return 1'795'305'084'007; }
  platform::Instant now() override { return {}; }
};

struct Lines {
  FixedClock clock;
  std::vector<std::string> all;
  Log log;
  explicit Lines(LogFormat format, Level least = Level::debug)
      : log(clock, format, least, [this](std::string_view line) { all.emplace_back(line); }) {}
};

TEST(Log, AJsonLineHoldsTimeLevelMessageAndFieldsInOrder) {
  Lines lines(LogFormat::json);
  lines.log.warn("flush failed", {{"file", "a\"b"}, {"bytes", 12u}, {"by", -3}, {"took_s", 0.5}, {"fatal", true}});
  EXPECT_THAT(
      lines.all,
      testing::ElementsAre(
          R"({"time":"2026-11-21T23:51:24.007Z","level":"warn","message":"flush failed","file":"a\"b","bytes":12,"by":-3,"took_s":0.5,"fatal":true})"));
}

TEST(Log, AShortLineQuotesOnlyWhatNeedsIt) {
  Lines lines(LogFormat::plain);
  lines.log.info("ready", {{"http", "127.0.0.1:8080"}, {"why", "two words"}});
  EXPECT_THAT(lines.all, testing::ElementsAre(R"(23:51:24.007 info  ready http=127.0.0.1:8080 why="two words")"));
}

TEST(Log, TextFromOutsideCanNeitherForgeALineNorMoveTheCursor) {
  for (const LogFormat format : {LogFormat::json, LogFormat::plain}) {
    for (const std::string_view evil : {"a\nb", "a\rb", "\033[2J",
                                        "\xc2\x9b"
                                        "2J",
                                        "\x7f", "\xff\xfe", "\0z"}) {
      Lines lines(format);
      lines.log.info("got", {{"topic", evil}});
      EXPECT_EQ(lines.all.at(0).find_first_of("\n\r\033\xff\x7f\x9b"), std::string::npos) << lines.all[0];
    }
  }
}

TEST(Log, OtherTextStaysAsItIs) {
  Lines lines(LogFormat::plain);
  lines.log.info("got", {{"name", "caf\xc3\xa9 \xc2\xa0\xe2\x82\xac"}});
  EXPECT_THAT(lines.all.at(0), testing::EndsWith("name=\"caf\xc3\xa9 \xc2\xa0\xe2\x82\xac\""));
}

TEST(Log, EveryJsonLineIsJson) {
  Lines lines(LogFormat::json);
  lines.log.info("\xffx", {{"text", "\xc3\x28\x01"}, {"number", std::numeric_limits<double>::infinity()}});
  EXPECT_TRUE(parse_json(lines.all.at(0))) << lines.all[0];
}

TEST(Log, LinesBelowTheLeastLevelAreNotWritten) {
  Lines lines(LogFormat::plain, Level::warn);
  lines.log.info("no");
  lines.log.error("yes");
  EXPECT_EQ(lines.all.size(), 1u);
  lines.log.set_least(Level::debug);
  lines.log.debug("now");
  EXPECT_EQ(lines.all.size(), 2u);
}

TEST(Log, LevelsAreReadByTheNamesTheyAreWrittenWith) {
  for (const Level level : {Level::debug, Level::info, Level::warn, Level::error}) {
    EXPECT_EQ(level_of(name(level)).value(), level);
  }
  EXPECT_EQ(level_of("loud").error().code, Code::invalid);
}

TEST(Log, ASecretIsNoField) {
  static_assert(!std::is_constructible_v<Field, std::string_view, const Secret&>);
  static_assert(std::is_constructible_v<Field, std::string_view, const std::string&>);
}

TEST(Secret, MatchesItselfAlone) {
  const Secret secret("token");
  EXPECT_TRUE(secret.matches("token"));
  for (const char* other : {"", "t", "tokem", "Token", "tokentoken", "tokentokentoken"}) {
    EXPECT_FALSE(secret.matches(other)) << other;
  }
  EXPECT_FALSE(Secret("").matches(""));
}

TEST(Seldom, LetsOneThroughForEachPeriodAndCountsTheRest) {
  using std::chrono::seconds;
  Seldom seldom{seconds(10)};
  const platform::Instant start{};
  EXPECT_EQ(seldom.pass(start), 0u);
  EXPECT_EQ(seldom.pass(start + seconds(1)), std::nullopt);
  EXPECT_EQ(seldom.pass(start + seconds(9)), std::nullopt);
  EXPECT_EQ(seldom.pass(start + seconds(10)), 2u);
  EXPECT_EQ(seldom.pass(start + seconds(20)), 0u);
}

}  // namespace
}  // namespace leat::telemetry
