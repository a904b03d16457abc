#include "app/log_metrics.h"

namespace leat::app {

LogMetrics::LogMetrics(telemetry::Metrics& metrics, log::Log& log) {
  const auto add = [&](std::string_view name, std::string_view help, double (*ask)(const log::Stats&)) {
    registered_.push_back(metrics.gauge_from(name, help, {}, [&log, ask] { return ask(log.stats()); }));
  };
  add("leat_log_appends", "Appends acknowledged since the start.",
      [](const log::Stats& s) { return static_cast<double>(s.appends); });
  add("leat_log_append_bytes", "Bytes of the acknowledged appends since the start.",
      [](const log::Stats& s) { return static_cast<double>(s.append_bytes); });
  add("leat_log_flushes", "Journal flushes since the start; many appends share one.",
      [](const log::Stats& s) { return static_cast<double>(s.flushes); });
  add("leat_log_flush_seconds", "Time spent in journal flushes since the start.",
      [](const log::Stats& s) { return static_cast<double>(s.flush_nanoseconds) / 1e9; });
  add("leat_log_flush_seconds_max", "The longest journal flush since the start.",
      [](const log::Stats& s) { return static_cast<double>(s.flush_nanoseconds_max) / 1e9; });
  add("leat_log_checkpoints", "Times that segments were flushed behind a journal file since the start.",
      [](const log::Stats& s) { return static_cast<double>(s.checkpoints); });
  add("leat_log_pending_bytes", "Bytes that wait to be flushed.",
      [](const log::Stats& s) { return static_cast<double>(s.pending_bytes); });
}

}  // namespace leat::app
