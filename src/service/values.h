// service/values.h — from JSON, paths and rows into SQL: where each parameter of a statement gets its value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "database/statement.h"
#include "service/plan.h"

namespace leat::service {

struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// An SQL value that owns its bytes; monostate is NULL.
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

// The first row of a step of `do`, for `:order.id`.
struct StepRow {
  std::vector<std::pair<std::string, Value>> columns;
};

// What an event says of itself, apart from its data.
struct EventFacts {
  std::string_view id, time, source, key, type;
};

// All that a statement can draw values from. What is not there binds NULL. Views: must outlive the statement's run.
struct Inputs {
  std::span<const Value> path;
  std::span<const Value> query;
  std::span<const Value> let;
  std::span<const StepRow> steps;
  const json::object* attributes = nullptr;  // of the request's body, or of the event's data
  std::string_view whole;                    // the same as JSON text; empty: none
  const EventFacts* event = nullptr;
};

// Binds ?1..?n of `statement`; its earlier bindings are overwritten. Code::invalid, naming the attribute, for a number
// beyond 64 bits or text that is not base64 where binary is asked for.
Result<> bind_sources(database::Statement& statement, const std::vector<Source>& sources, const Inputs& inputs);

void bind_value(database::Statement& statement, int parameter, const Value& value);
Value column_value(const database::Statement& statement, int column);

}  // namespace leat::service
