#include "base/trace_context.h"

#include "base/hex.h"

namespace leat {
namespace {

// Small letters only, as the recommendation has it.
bool take_hex(std::string_view text, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char first = text[2 * i], second = text[2 * i + 1];
    const int high = hex_digit(first), low = hex_digit(second);
    if (high < 0 || low < 0 || (first >= 'A' && first <= 'F') || (second >= 'A' && second <= 'F')) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

template <std::size_t size>
bool is_zero(const std::array<std::uint8_t, size>& bytes) {
  return bytes == std::array<std::uint8_t, size>{};
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view text) {
  constexpr std::size_t size = 55;
  if (text.size() < size || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  TraceContext context;
  std::uint8_t version = 0;
  if (!take_hex(text, {&version, 1}) || !take_hex(text.substr(3), context.trace_id) ||
      !take_hex(text.substr(36), context.span_id) || !take_hex(text.substr(53), {&context.flags, 1}))
    return std::nullopt;
  if (version == 0xff || is_zero(context.trace_id) || is_zero(context.span_id)) return std::nullopt;
  if (text.size() > size && (version == 0 || text[size] != '-')) return std::nullopt;
  return context;
}

std::string TraceContext::text() const {
  std::string out;
  out.reserve(55);
  out += "00-";
  append_hex(out, trace_id);
  out += '-';
  append_hex(out, span_id);
  out += '-';
  append_hex(out, flags);
  return out;
}

}  // namespace leat
