#include "log/damage.h"

#include <charconv>

#include <fmt/format.h>

namespace leat::log {
namespace {

// Takes a number off the front, and `behind` after it.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view behind) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(behind)) return std::nullopt;
  text.remove_prefix(behind.size());
  return value;
}

}  // namespace

Damage damage_of(const Error& error) {
  constexpr std::string_view mark = ": bytes [";
  const std::string_view what = error.what;
  if (const auto at = what.find(mark); at != std::string_view::npos) {
    std::string_view rest = what.substr(at + mark.size());
    const auto begin = take_number(rest, ", ");
    const auto end = begin ? take_number(rest, "): ") : std::nullopt;
    if (end) return {.file = std::string(what.substr(0, at)), .begin = *begin, .end = *end, .what = std::string(rest)};
  }
  const auto colon = what.find(": ");
  if (colon == std::string_view::npos) return {.what = error.what};
  return {.file = std::string(what.substr(0, colon)), .what = std::string(what.substr(colon + 2))};
}

std::string text(const Damage& damage) {
  if (damage.file.empty()) return damage.what;
  if (damage.begin == 0 && damage.end == 0) return fmt::format("{}: {}", damage.file, damage.what);
  return fmt::format("{}: bytes [{}, {}): {}", damage.file, damage.begin, damage.end, damage.what);
}

}  // namespace leat::log
