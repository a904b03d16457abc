#include "app/log_scrub.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "log/damage.h"
#include "log/layout.h"

namespace leat::app {
namespace {

constexpr std::uint64_t step_bytes = 1 << 20;

// 0 when it was never done, as far as can be told.
std::int64_t last_done_ms(platform::Files& files, const std::string& path) {
  const auto text = platform::read_file(files, path, 64);
  std::int64_t ms = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), ms);
  return ms;
}

}  // namespace

LogScrub::LogScrub(Options options, platform::Platform platform, log::Log& log, telemetry::Telemetry telemetry)
    : options_(std::move(options)),
      platform_(platform),
      log_(log),
      telemetry_(telemetry),
      bytes_(telemetry.metrics.counter("leat_log_scrub_bytes_total", "Bytes of the log that the scrub has checked.")),
      damages_(telemetry.metrics.counter("leat_log_scrub_damages_total", "Damaged ranges that the scrub has found.")),
      last_(telemetry.metrics.gauge("leat_log_scrub_last_seconds",
                                    "When the scrub last came to its end, in seconds since 1970; 0: never.")),
      executor_(platform.executors.open("scrub", 1)) {
  executor_->post([this] { schedule(); });
}

LogScrub::~LogScrub() { executor_.reset(); }

// However the wall clock has jumped, never later than one period from now.
void LogScrub::schedule() {
  const std::int64_t last_ms = last_done_ms(platform_.files, options_.last);
  last_.set(static_cast<double>(last_ms) / 1000);
  if (options_.every.count() == 0) return;
  const std::int64_t period_ms = std::chrono::milliseconds(options_.every).count();
  const std::int64_t due_ms = std::clamp<std::int64_t>(last_ms + period_ms - platform_.clock.unix_ms(), 0, period_ms);
  executor_->post_after(std::chrono::milliseconds(due_ms), [this] { begin(); });
}

void LogScrub::begin() {
  scrub_ = log_.scrub();
  found_ = 0;
  step();
}

void LogScrub::step() {
  const auto looked = scrub_->step(step_bytes);
  bytes_.add(looked.bytes);
  for (const log::Damage& damage : looked.damages) tell(damage);
  if (looked.done) return finish();
  const auto pause = std::chrono::nanoseconds(looked.bytes * 1'000'000'000 / options_.bytes_per_second);
  executor_->post_after(pause, [this] { step(); });
}

void LogScrub::tell(const log::Damage& damage) {
  ++found_;
  damages_.add(1);
  const auto lost = damage.lost.value_or(log::OffsetRange{});
  telemetry_.log.error("the log is damaged", {{"file", damage.file},
                                              {"begin", damage.begin},
                                              {"end", damage.end},
                                              {"what", damage.what},
                                              {"partition", damage.partition ? log::text(*damage.partition) : ""},
                                              {"first", lost.first.value},
                                              {"next", lost.next.value}});
}

void LogScrub::finish() {
  scrub_.reset();
  telemetry_.log.info("the log was read to its end", {{"damages", found_}});
  const std::string now = fmt::format("{}\n", platform_.clock.unix_ms());
  if (auto kept = platform::replace_file(platform_.files, options_.last, now); !kept)
    telemetry_.log.warn("could not keep when the log was read to its end", {{"why", kept.error()}});
  last_.set(static_cast<double>(platform_.clock.unix_ms()) / 1000);
  executor_->post_after(options_.every, [this] { begin(); });
}

}  // namespace leat::app
