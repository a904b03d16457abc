// app/log_scrub.h — reads the whole log every few days, slowly, and tells of all that is damaged.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "log/log.h"
#include "platform/platform.h"
#include "telemetry/telemetry.h"

namespace leat::app {

class LogScrub {
 public:
  struct Options {
    std::chrono::days every{7};  // 0: never
    std::uint64_t bytes_per_second = 16 << 20;
    std::string last;  // the file that keeps when it was last done
  };

  // Begins at once when it is due, also when that was before this life. Requires: `log` outlives this.
  LogScrub(Options, platform::Platform, log::Log& log, telemetry::Telemetry);
  ~LogScrub();

 private:
  void schedule();
  void begin();
  void step();
  void finish();
  void tell(const log::Damage&);

  const Options options_;
  platform::Platform platform_;
  log::Log& log_;
  telemetry::Telemetry telemetry_;
  telemetry::Counter &bytes_, &damages_;
  telemetry::Gauge& last_;
  std::unique_ptr<log::Scrub> scrub_;
  std::uint64_t found_ = 0;  // in this pass
  std::unique_ptr<platform::Executor> executor_;
};

}  // namespace leat::app
