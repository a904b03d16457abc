#include "app/log_metrics.h"

namespace leat::app {

LogMetrics::LogMetrics(telemetry::Metrics& metrics, log::Log& log) {
  const auto ask_log = [&log](double (*ask)(const log::Stats&)) { return [&log, ask] { return ask(log.stats()); }; };
  const auto counter = [&](std::string_view name, std::string_view help, double (*ask)(const log::Stats&)) {
    registered_.push_back(metrics.counter_from(name, help, {}, ask_log(ask)));
  };
  const auto gauge = [&](std::string_view name, std::string_view help, double (*ask)(const log::Stats&)) {
    registered_.push_back(metrics.gauge_from(name, help, {}, ask_log(ask)));
  };
  counter("leat_log_appends_total", "Appends acknowledged.",
          [](const log::Stats& s) { return static_cast<double>(s.appends); });
  counter("leat_log_append_bytes_total", "Bytes of the acknowledged appends.",
          [](const log::Stats& s) { return static_cast<double>(s.append_bytes); });
  counter("leat_log_flushes_total", "Journal flushes; many appends share one.",
          [](const log::Stats& s) { return static_cast<double>(s.flushes); });
  counter("leat_log_flush_seconds_total", "Time spent in journal flushes.",
          [](const log::Stats& s) { return static_cast<double>(s.flush_nanoseconds) / 1e9; });
  gauge("leat_log_flush_seconds_max", "The longest journal flush since the start.",
        [](const log::Stats& s) { return static_cast<double>(s.flush_nanoseconds_max) / 1e9; });
  counter("leat_log_checkpoints_total", "Times that segments were flushed behind a journal file.",
          [](const log::Stats& s) { return static_cast<double>(s.checkpoints); });
  gauge("leat_log_pending_bytes", "Bytes that wait to be flushed.",
        [](const log::Stats& s) { return static_cast<double>(s.pending_bytes); });
}

}  // namespace leat::app
