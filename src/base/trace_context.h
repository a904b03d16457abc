// base/trace_context.h — W3C Trace Context: which request a piece of work belongs to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leat {

// What a `traceparent` says: "00-<trace id>-<span id>-<flags>", in small letters.
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};  // not all zero
  std::array<std::uint8_t, 8> span_id{};    // not all zero
  std::uint8_t flags = 0;

  // Nothing when the text is none: then the recommendation says to start anew. Versions after 00 may be longer.
  static std::optional<TraceContext> parse(std::string_view traceparent);
  std::string text() const;  // version 00
};

}  // namespace leat
