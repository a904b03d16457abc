#include "gateway/trace_context.h"

#include <algorithm>

namespace leat::gateway {
namespace {

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

// Never zero, which the recommendation keeps for "none". Runs for each request: by hand, since fmt takes longer for
// this than the router for a path.
std::string random_id(platform::Random& random) {
  std::uint64_t id = std::max<std::uint64_t>(random.next(), 1);
  std::string out(16, '0');
  for (std::size_t i = out.size(); i-- > 0; id >>= 4) out[i] = "0123456789abcdef"[id & 15];
  return out;
}

}  // namespace

std::string TraceContext::text() const {
  std::string out;
  out.reserve(55);
  out.append("00-").append(trace_id).append("-").append(parent_id).append("-").append(flags);
  return out;
}

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  constexpr std::size_t size = 55;
  if (text.size() < size || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const std::string_view version = text.substr(0, 2), trace = text.substr(3, 32), parent = text.substr(36, 16);
  const std::string_view flags = text.substr(53, 2);
  if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags)) return std::nullopt;
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return std::nullopt;
  if (text.size() > size && (version == "00" || text[size] != '-')) return std::nullopt;
  return TraceContext{std::string(trace), std::string(parent), std::string(flags)};
}

TraceContext continue_trace(std::optional<std::string_view> traceparent, platform::Random& random) {
  std::optional<TraceContext> caller;
  if (traceparent) caller = parse_traceparent(*traceparent);
  if (!caller) return {random_id(random) + random_id(random), random_id(random), "00"};
  caller->parent_id = random_id(random);
  return *std::move(caller);
}

}  // namespace leat::gateway
