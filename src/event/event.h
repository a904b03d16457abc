// event/event.h — a fact, in CloudEvents 1.0.2 form, and its Kafka binding in binary mode (ce_ headers, payload as
// value).
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
#include "platform/clock.h"
#include "platform/random.h"

namespace leat::event {

// Attributes by their CloudEvents names; `extensions` holds all others (traceparent, correlationid, causationid, ...).
struct Event {
  std::string id;       // UUIDv7 for events of ours
  std::string source;   // "/<system>/<service>"
  std::string type;     // "post.created"
  std::string time;     // RFC 3339 UTC, fixed milliseconds
  std::string subject;  // the key as text; empty: none
  std::string datacontenttype = "application/json";
  std::map<std::string, std::string, std::less<>> extensions;
  std::optional<std::string> data;  // nothing: a tombstone on compacted topics
};

// Lower-case letters and digits, as CloudEvents demands of every attribute's name.
bool is_attribute_name(std::string_view name);

// Code::invalid naming the attribute: a required one is empty (id, source, type), an extension has no proper name or
// that of a core attribute, a value is not UTF-8 or holds control characters.
Result<> check(const Event&);

// A new UUIDv7: ids of later milliseconds sort behind earlier ones.
std::string new_event_id(platform::Clock&, platform::Random&);

// The headers of the Kafka binary binding, in a fixed order; empty attributes are left out. Requires: check() is
// content.
std::vector<std::pair<std::string, std::string>> to_headers(const Event&);

// Views into a record's headers: what a consumer needs without copying. Absent attributes are empty.
struct EventView {
  std::string_view id, source, type, time, subject, datacontenttype;
  std::vector<std::pair<std::string_view, std::string_view>> extensions;
};
// Headers that are not of the binding are passed over. Code::invalid naming the attribute when a required one (id,
// source, specversion 1.0, type) is missing or empty, a name is not one, or an attribute is there twice.
Result<EventView> from_headers(const std::vector<std::pair<std::string_view, std::string_view>>& headers);

}  // namespace leat::event
