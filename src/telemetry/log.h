// telemetry/log.h — what happened, for people and for machines: a message that never varies, and fields that do.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "platform/clock.h"
#include "telemetry/secret.h"

namespace leat::telemetry {

enum class Level { debug, info, warn, error };

std::string_view name(Level);
Result<Level> level_of(std::string_view name);

// One `key=value`. Holds views: it lives as long as the call it is an argument of.
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  Field(std::string_view name, std::convertible_to<std::string_view> auto const& text)
      : key(name), value(std::string_view(text)) {}
  Field(std::string_view name, bool yes) : key(name), value(yes) {}
  Field(std::string_view name, std::signed_integral auto number) : key(name), value(std::int64_t{number}) {}
  Field(std::string_view name, std::unsigned_integral auto number)
    requires(!std::same_as<decltype(number), bool>)
      : key(name), value(std::uint64_t{number}) {}
  Field(std::string_view name, std::floating_point auto number) : key(name), value(double{number}) {}
  Field(std::string_view name, const Error& error) : key(name), value(std::string_view(error.what)) {}
  Field(std::string_view name, const Secret&) = delete;

  std::string_view key;
  Value value;
};

using Fields = std::initializer_list<Field>;

enum class LogFormat {
  json,      // one JSON object a line
  terminal,  // short, coloured
  plain,     // short, without colours
};

// Lines to standard error, or to `sink`. Text from outside is escaped, so it can neither forge a line nor move a
// terminal's cursor. Safe from any thread.
class Log {
 public:
  using Sink = std::function<void(std::string_view line)>;

  // Without a sink: standard error.
  Log(platform::Clock&, LogFormat, Level least = Level::info, Sink sink = nullptr);
  ~Log();

  bool enabled(Level level) const noexcept { return level >= least_.load(std::memory_order_relaxed); }
  void set_least(Level level) noexcept { least_.store(level, std::memory_order_relaxed); }

  void write(Level, std::string_view message, Fields fields = {});
  void debug(std::string_view message, Fields fields = {}) { write(Level::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) { write(Level::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) { write(Level::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }

 private:
  platform::Clock& clock_;
  const LogFormat format_;
  std::atomic<Level> least_;
  Sink sink_;
};

// JSON when standard error is a file or a pipe, coloured lines when it is a terminal.
LogFormat format_for_stderr();

// Lets one line through for each period, for what an enemy or a broken disk could repeat a million times.
//   if (auto skipped = seldom_.pass(clock.now())) log.warn("refused a connection", {{"skipped", *skipped}});
class Seldom {
 public:
  explicit Seldom(platform::Duration period) : period_(period) {}
  // The number of calls refused since the last one that passed, or nothing: keep silent.
  std::optional<std::uint64_t> pass(platform::Instant now);

 private:
  const platform::Duration period_;
  std::mutex mutex_;
  std::optional<platform::Instant> last_;
  std::uint64_t skipped_ = 0;
};

}  // namespace leat::telemetry
