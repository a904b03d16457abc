// event/event.h — a fact, in CloudEvents 1.0.2 form, and its Kafka binding in binary mode (ce_ headers, payload as value).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"

namespace leat::event {

// Attributes by their CloudEvents names; `extensions` holds all others (traceparent, correlationid, causationid, ...).
struct Event {
  std::string id;      // UUIDv7 for events of ours
  std::string source;  // "/<system>/<service>"
  std::string type;    // "post.created"
  std::string time;    // RFC 3339 UTC, fixed milliseconds
  std::string subject;           // the key as text; empty: none
  std::string datacontenttype = "application/json";
  std::map<std::string, std::string, std::less<>> extensions;
  std::optional<std::string> data;  // nothing: a tombstone on compacted topics
};

// The headers of the Kafka binary binding, in a fixed order.
std::vector<std::pair<std::string, std::string>> to_headers(const Event&);

// Views into a record's headers: what a consumer needs without copying. Absent attributes are empty.
struct EventView {
  std::string_view id, source, type, time, subject, datacontenttype;
  std::vector<std::pair<std::string_view, std::string_view>> extensions;
};
// Code::invalid naming the attribute when a required one (id, source, specversion 1.0, type) is missing or empty.
Result<EventView> from_headers(const std::vector<std::pair<std::string_view, std::string_view>>& headers);

// A W3C trace context: accepts version 00 `traceparent` values.
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  std::uint8_t flags = 0;
  static std::optional<TraceContext> parse(std::string_view traceparent);
  std::string text() const;
};

}  // namespace leat::event
