// app/topic_events.h — a topic's events as pages of JSON: what `leat events` prints.
#pragma once

#include <memory>
#include <string>

#include "base/byte_budget.h"
#include "base/json.h"
#include "base/task.h"
#include "bus/bus.h"
#include "platform/platform.h"

namespace leat::app {

struct EventsRequest {
  std::string topic;
  std::string from;  // "start", "end", an RFC 3339 time, or `next` of the page before
  std::size_t limit = 100;
  platform::Duration wait{};  // for the first event when there is none yet
};

// Reads one page: {"events":[{...}],"next":"<positions>","at_end":true}. Also a page whose time was over before it was
// full says whether more is known to follow. Code::not_found for an unknown topic,
// Code::invalid for a `from` that says nothing, Code::unavailable when there is no memory for the first event. A page
// ends after about 1 MiB, whatever its limit, and leases what it holds until `done` has returned. `done` is called
// once, on `executor`, which outlives what is outstanding.
void read_events(bus::Bus&, platform::Executor& executor, ByteBudget&, EventsRequest, Done<Result<json::object>> done);

}  // namespace leat::app
