// gateway/trace_context.h — W3C Trace Context: which request a piece of work belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/random.h"

namespace leat::gateway {

// "00-<trace id>-<parent id>-<flags>", in small letters.
struct TraceContext {
  std::string trace_id;   // 32 hexadecimal digits, not all zero
  std::string parent_id;  // 16 hexadecimal digits, not all zero
  std::string flags;      // 2 hexadecimal digits

  std::string text() const;
};

// Nothing when the text is none: then the recommendation says to start anew. Versions after 00 may be longer.
std::optional<TraceContext> parse_traceparent(std::string_view text);

// What we hand on: a span of ours in the caller's trace, or in a new one.
TraceContext continue_trace(std::optional<std::string_view> traceparent, platform::Random&);

}  // namespace leat::gateway
