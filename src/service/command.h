// service/command.h — one request on its way to the writer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "http/http.h"
#include "service/entity_tag.h"
#include "service/idempotency.h"
#include "service/parameters.h"
#include "service/plan.h"
#include "service/values.h"

namespace leat::service {

struct Command {
  std::shared_ptr<const ServicePlan> service;  // keeps `plan` alive
  std::size_t index = 0;                       // in service->commands
  std::vector<Value> path, query, let;
  json::value body;
  std::string body_text;  // empty: no body
  std::optional<EntityTags> if_match;
  std::string traceparent, correlationid;
  platform::Instant arrived, deadline;  // deadline: none when zero
  http::Reply reply;
  std::optional<IdempotencyKey> key;
  RunningKeys::Hold held;                 // `key`, until it is decided
  std::optional<http::Response> decided;  // it was refused by the commit, which leaves only this to be remembered

  const CommandPlan& plan() const { return service->commands[index]; }
  Inputs inputs() const;
};

// Reads and checks all that needs no database: parameters (400), headers (400, 428), body syntax (400), body schema
// (422 naming each attribute).
OrResponse<Command> read_command(std::shared_ptr<const ServicePlan>, std::size_t index, http::Request&,
                                 const std::vector<std::string>& path);

}  // namespace leat::service
