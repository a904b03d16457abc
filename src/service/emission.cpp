#include "service/emission.h"

#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "event/event.h"
#include "platform/clock.h"

namespace leat::service {
namespace {

std::optional<std::string> key_text(const json::value* key) {
  if (!key || key->is_null() || key->is_structured()) return std::nullopt;
  if (const auto* text = key->if_string()) return std::string(*text);
  return json::serialize(*key);
}

}  // namespace

Result<DraftEvent> draft_event(const EventPlan& event, std::string payload) {
  LEAT_TRY(const auto value, parse_json(payload));
  if (event.schema) {
    const auto violations = event.schema->validate(value);
    if (!violations.empty())
      return fail(Code::invalid, fmt::format("event {} breaks its schema at '{}': {}", event.name,
                                             violations[0].pointer, violations[0].message));
  }
  auto key = key_text(value.is_object() ? value.get_object().if_contains(event.key) : nullptr);
  if (!key)
    return fail(Code::invalid, fmt::format("event {} has no key: {} is missing or null", event.name, event.key));
  return DraftEvent{&event, std::move(payload), *std::move(key)};
}

OutboxRow seal(DraftEvent draft, const Origin& origin, std::int32_t partitions, platform::Random& random) {
  event::Event event;
  event.id = Uuid::v7(origin.now_ms, random.bytes16()).text();
  event.source = origin.source;
  event.type = draft.event->name;
  event.time = platform::rfc3339(origin.now_ms);
  event.subject = draft.key;
  if (!origin.traceparent.empty()) event.extensions.emplace("traceparent", origin.traceparent);
  if (!origin.correlationid.empty()) event.extensions.emplace("correlationid", origin.correlationid);
  if (!origin.causationid.empty()) event.extensions.emplace("causationid", origin.causationid);

  OutboxRow row;
  row.topic = draft.event->topic;
  row.partition = bus::partition_of(draft.key, partitions);
  row.record.timestamp_ms = origin.now_ms;
  row.record.headers = event::to_headers(event);
  row.record.key = std::move(draft.key);
  row.record.value = std::move(draft.payload);
  return row;
}

}  // namespace leat::service
