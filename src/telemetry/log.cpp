#include "telemetry/log.h"

#include <array>
#include <iterator>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/json.h"

namespace leat::telemetry {
namespace {

// What JSON lets pass but a terminal may obey: DEL, and U+0080 to U+009F, among them a CSI that needs no escape.
// Requires: `json` is UTF-8.
void append_without_terminal_controls(std::string& out, std::string_view json) {
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<unsigned char>(json[i]);
    const auto next = i + 1 < json.size() ? static_cast<unsigned char>(json[i + 1]) : 0;
    if (byte == 0x7f || (byte == 0xc2 && next < 0xa0)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte == 0x7f ? byte : next);
      i += byte == 0x7f ? 0 : 1;
    } else {
      out += json[i];
    }
  }
}

void append_quoted(std::string& out, std::string_view text) {
  std::string json;
  append_json_string(json, text);
  append_without_terminal_controls(out, json);
}

// Text that may hold anything: bytes that are not UTF-8 become U+FFFD, one for each.
void append_safe_json(std::string& out, std::string_view text) {
  if (is_utf8(text)) return append_quoted(out, text);
  std::string ascii;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80) {
      ascii += c;
    } else {
      ascii += "\xEF\xBF\xBD";
    }
  }
  append_quoted(out, ascii);
}

void append_value(std::string& out, const Field::Value& value) {
  std::visit(
      [&out]<class T>(const T& held) {
        if constexpr (std::same_as<T, std::string_view>) {
          append_safe_json(out, held);
        } else {
          fmt::format_to(std::back_inserter(out), "{}", held);
        }
      },
      value);
}

// A double may be infinite, which JSON cannot say.
void append_json_value(std::string& out, const Field::Value& value) {
  const auto* number = std::get_if<double>(&value);
  if (number && !(*number - *number == 0)) {
    out += "null";
  } else {
    append_value(out, value);
  }
}

bool is_plain_word(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+") ==
             std::string_view::npos;
}

std::string json_line(std::int64_t now_ms, Level level, std::string_view message, Fields fields) {
  std::string out = fmt::format(R"({{"time":"{}","level":"{}","message":)", platform::rfc3339(now_ms), name(level));
  append_safe_json(out, message);
  for (const Field& field : fields) {
    out += ',';
    append_safe_json(out, field.key);
    out += ':';
    append_json_value(out, field.value);
  }
  out += '}';
  return out;
}

std::string_view colour(Level level) {
  switch (level) {
    case Level::debug:
      return "\033[2m";
    case Level::info:
      return "\033[32m";
    case Level::warn:
      return "\033[33m";
    case Level::error:
      return "\033[31m";
  }
  return {};
}

std::string short_line(std::int64_t now_ms, Level level, std::string_view message, Fields fields, bool coloured) {
  constexpr std::size_t time_begins = 11;  // "2026-11-21T" is left out
  std::string out = platform::rfc3339(now_ms).substr(time_begins, 12);
  fmt::format_to(std::back_inserter(out), " {}{:5}{} {}", coloured ? colour(level) : "", name(level),
                 coloured ? "\033[0m" : "", message);
  for (const Field& field : fields) {
    fmt::format_to(std::back_inserter(out), " {}{}={}", coloured ? "\033[2m" : "", field.key,
                   coloured ? "\033[0m" : "");
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text && is_plain_word(*text)) {
      out += *text;
    } else {
      append_value(out, field.value);
    }
  }
  return out;
}

Log::Sink standard_error() {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("leat", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  return [logger](std::string_view line) { logger->info(spdlog::string_view_t(line.data(), line.size())); };
}

}  // namespace

std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return {};
}

Result<Level> level_of(std::string_view text) {
  for (const Level level : {Level::debug, Level::info, Level::warn, Level::error}) {
    if (text == name(level)) return level;
  }
  return fail(Code::invalid, fmt::format("'{}' is no log level; there are debug, info, warn, error", text));
}

Log::Log(platform::Clock& clock, LogFormat format, Level least, Sink sink)
    : clock_(clock), format_(format), least_(least), sink_(sink ? std::move(sink) : standard_error()) {}
Log::~Log() = default;

void Log::write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  const std::int64_t now_ms = clock_.unix_ms();
  switch (format_) {
    case LogFormat::json:
      return sink_(json_line(now_ms, level, message, fields));
    case LogFormat::terminal:
      return sink_(short_line(now_ms, level, message, fields, true));
    case LogFormat::plain:
      return sink_(short_line(now_ms, level, message, fields, false));
  }
}

LogFormat format_for_stderr() { return ::isatty(STDERR_FILENO) == 1 ? LogFormat::terminal : LogFormat::json; }

std::optional<std::uint64_t> Seldom::pass(platform::Instant now) {
  const std::lock_guard lock(mutex_);
  if (last_ && now - *last_ < period_) {
    ++skipped_;
    return std::nullopt;
  }
  last_ = now;
  return std::exchange(skipped_, 0);
}

}  // namespace leat::telemetry
