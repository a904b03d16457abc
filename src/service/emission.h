// service/emission.h — from a row to an event: checked against its schema, then given id, time, partition and origin.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "platform/random.h"
#include "service/outbox.h"
#include "service/plan.h"

namespace leat::service {

// An event before it has an id. The plan must outlive it.
struct DraftEvent {
  const EventPlan* event;
  std::string payload;
  std::string key;  // the bytes that order it: the JSON scalar as text, strings without quotes
};

// Code::invalid when the payload breaks the event's schema or has no key: the service's mistake, never the client's.
Result<DraftEvent> draft_event(const EventPlan&, std::string payload);

// Where an event comes from: the service, the moment, and the request or event that caused it.
struct Origin {
  std::string source;  // "/<system>/<service>"
  std::int64_t now_ms = 0;
  std::string traceparent;  // empty: none
  std::string correlationid;
  std::string causationid;
};

OutboxRow seal(DraftEvent, const Origin&, std::int32_t partitions, platform::Random&);

}  // namespace leat::service
