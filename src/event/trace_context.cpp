#include "event/event.h"

namespace leat::event {
namespace {

constexpr char digits[] = "0123456789abcdef";
constexpr std::size_t text_size = 55;  // 00-<32>-<16>-<2>

template <std::size_t size>
bool take_hex(std::string_view text, std::array<std::uint8_t, size>& out) {
  for (std::size_t i = 0; i < size; ++i) {
    const auto high = std::string_view(digits).find(text[2 * i]), low = std::string_view(digits).find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

template <std::size_t size>
void append_hex(std::string& out, const std::array<std::uint8_t, size>& bytes) {
  for (const std::uint8_t byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view text) {
  if (text.size() != text_size || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return std::nullopt;
  TraceContext context;
  std::array<std::uint8_t, 1> flags{};
  if (!take_hex(text.substr(3), context.trace_id) || !take_hex(text.substr(36), context.span_id) ||
      !take_hex(text.substr(53), flags))
    return std::nullopt;
  if (context.trace_id == decltype(trace_id){} || context.span_id == decltype(span_id){}) return std::nullopt;
  context.flags = flags[0];
  return context;
}

std::string TraceContext::text() const {
  std::string out = "00-";
  append_hex(out, trace_id);
  out += '-';
  append_hex(out, span_id);
  out += '-';
  append_hex(out, std::array{flags});
  return out;
}

}  // namespace leat::event
