#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, RenderEveryKindInPrometheusText) {
  Metrics metrics;
  metrics.counter("leat_requests_total", "Requests.", {{"route", "/a"}}).add(3);
  metrics.gauge("leat_depth", "Waiting.").set(-2.5);
  metrics.histogram("leat_seconds", "How long.", {}, {0.1, 1}).observe(0.5);

  const std::string text = metrics.render();
  for (const char* line : {
           "# HELP leat_requests_total Requests.\n# TYPE leat_requests_total "
           "counter\nleat_requests_total{route=\"/a\"} 3\n",
           "# TYPE leat_depth gauge\nleat_depth -2.5\n",
           "leat_seconds_count 1\nleat_seconds_sum 0.5\n",
           "leat_seconds_bucket{le=\"0.1\"} 0\n",
           "leat_seconds_bucket{le=\"1\"} 1\n",
           "leat_seconds_bucket{le=\"+Inf\"} 1\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameInstrument) {
  Metrics metrics;
  Counter& first = metrics.counter("c", "h", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(&first, &metrics.counter("c", "h", {{"b", "2"}, {"a", "1"}}));
  EXPECT_NE(&first, &metrics.counter("c", "h", {{"a", "1"}}));
}

TEST(MetricsDeathTest, OneNameIsEitherSetOrAsked) {
  Metrics metrics;
  metrics.gauge("set", "h");
  const auto asked = metrics.gauge_from("asked", "h", {}, [] { return 1.0; });
  EXPECT_DEATH((void)metrics.gauge_from("set", "h", {}, [] { return 1.0; }), "broken invariant");
  EXPECT_DEATH(metrics.gauge("asked", "h"), "broken invariant");
}

TEST(Metrics, LabelValuesCannotForgeALine) {
  Metrics metrics;
  metrics.counter("c", "h", {{"topic", "a\"} 1\nforged 2"}}).add();
  EXPECT_THAT(metrics.render(), Not(HasSubstr("\nforged")));
}

TEST(Histogram, AValueBelongsToTheBucketWhoseUpperEndItDoesNotExceed) {
  struct Case {
    double value;
    std::size_t bucket;
  };
  for (const auto& [value, bucket] : {Case{0, 0}, Case{1, 0}, Case{1.01, 1}, Case{10, 1}, Case{11, 2}}) {
    Histogram histogram({1, 10});
    histogram.observe(value);
    EXPECT_EQ(histogram.in_bucket(bucket), 1u) << value;
    EXPECT_EQ(histogram.count(), 1u);
  }
}

TEST(CallbackGauge, IsAskedUntilItsRegistrationDies) {
  Metrics metrics;
  double depth = 7;
  {
    const Registration held = metrics.gauge_from("depth", "h", {}, [&] { return depth; });
    EXPECT_THAT(metrics.render(), HasSubstr("depth 7\n"));
    depth = 8;
    EXPECT_THAT(metrics.render(), HasSubstr("depth 8\n"));
  }
  EXPECT_EQ(metrics.render(), "");
}

// A reload registers the new service before the old one is destroyed.
TEST(CallbackGauge, TheOldRegistrationDoesNotTakeTheNewOneAway) {
  Metrics metrics;
  auto old = std::make_unique<Registration>(metrics.gauge_from("depth", "h", {}, [] { return 1.0; }));
  const Registration fresh = metrics.gauge_from("depth", "h", {}, [] { return 2.0; });
  old.reset();
  EXPECT_THAT(metrics.render(), HasSubstr("depth 2\n"));
}

TEST(CallbackGauge, OutlivingTheRegistryIsHarmless) {
  auto metrics = std::make_unique<Metrics>();
  const Registration held = metrics->gauge_from("depth", "h", {}, [] { return 1.0; });
  metrics.reset();
}

}  // namespace
}  // namespace leat::telemetry
