#include "service/values.h"

#include <limits>

#include <fmt/format.h>

#include "service/base64.h"

namespace leat::service {
namespace {

using database::Bytes;
using database::Statement;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

Result<> bind_string(Statement& statement, int parameter, std::string_view text, const Source& source) {
  if (!source.base64) {
    statement.bind_text(parameter, text);
    return {};
  }
  const auto bytes = from_base64(text);
  if (!bytes) return fail(Code::invalid, fmt::format("{} is not base64", source.name));
  statement.bind_blob(parameter, *bytes, Bytes::copied);
  return {};
}

Result<> bind_json(Statement& statement, int parameter, const json::value& value, const Source& source) {
  switch (value.kind()) {
    case json::kind::null:
      statement.bind_null(parameter);
      return {};
    case json::kind::bool_:
      statement.bind(parameter, value.get_bool() ? 1 : 0);
      return {};
    case json::kind::int64:
      statement.bind(parameter, value.get_int64());
      return {};
    case json::kind::uint64:
      if (value.get_uint64() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return fail(Code::invalid, fmt::format("{} does not fit a 64-bit integer", source.name));
      statement.bind(parameter, static_cast<std::int64_t>(value.get_uint64()));
      return {};
    case json::kind::double_:
      statement.bind_real(parameter, value.get_double());
      return {};
    case json::kind::string:
      return bind_string(statement, parameter, view(value.get_string()), source);
    case json::kind::array:
    case json::kind::object:
      statement.bind_text(parameter, json::serialize(value), Bytes::copied);
      return {};
  }
  LEAT_ASSERT(!"a JSON value of no kind");
}

Result<> bind_attribute(Statement& statement, int parameter, const Source& source, const Inputs& inputs) {
  const json::value* value = inputs.attributes ? inputs.attributes->if_contains(source.name) : nullptr;
  if (value) return bind_json(statement, parameter, *value, source);
  statement.bind_null(parameter);
  return {};
}

void bind_at(Statement& statement, int parameter, std::span<const Value> values, std::size_t index) {
  if (index < values.size()) {
    bind_value(statement, parameter, values[index]);
  } else {
    statement.bind_null(parameter);
  }
}

void bind_fact(Statement& statement, int parameter, std::string_view name, const EventFacts* event) {
  if (!event) {
    statement.bind_null(parameter);
    return;
  }
  const auto fact = name == "id"       ? event->id
                    : name == "time"   ? event->time
                    : name == "source" ? event->source
                    : name == "key"    ? event->key
                                       : event->type;
  statement.bind_text(parameter, fact);
}

void bind_step(Statement& statement, int parameter, const Source& source, std::span<const StepRow> steps) {
  if (source.index < steps.size()) {
    for (const auto& [name, value] : steps[source.index].columns) {
      if (name != source.name) continue;
      bind_value(statement, parameter, value);
      return;
    }
  }
  statement.bind_null(parameter);
}

Result<> bind_one(Statement& statement, int parameter, const Source& source, const Inputs& inputs) {
  switch (source.from) {
    case Source::From::path:
      bind_at(statement, parameter, inputs.path, source.index);
      return {};
    case Source::From::query:
      bind_at(statement, parameter, inputs.query, source.index);
      return {};
    case Source::From::let:
      bind_at(statement, parameter, inputs.let, source.index);
      return {};
    case Source::From::body:
    case Source::From::payload:
      return bind_attribute(statement, parameter, source, inputs);
    case Source::From::event:
      bind_fact(statement, parameter, source.name, inputs.event);
      return {};
    case Source::From::step:
      bind_step(statement, parameter, source, inputs.steps);
      return {};
    case Source::From::auth:
      statement.bind_null(parameter);
      return {};
    case Source::From::whole:
      if (inputs.whole.empty()) {
        statement.bind_null(parameter);
      } else {
        statement.bind_text(parameter, inputs.whole);
      }
      return {};
  }
  LEAT_ASSERT(!"a source of no kind");
}

}  // namespace

Result<> bind_sources(Statement& statement, const std::vector<Source>& sources, const Inputs& inputs) {
  int parameter = 0;
  for (const auto& source : sources) LEAT_CHECK(bind_one(statement, ++parameter, source, inputs));
  return {};
}

void bind_value(Statement& statement, int parameter, const Value& value) {
  struct Binder {
    Statement& statement;
    int parameter;
    void operator()(std::monostate) const { statement.bind_null(parameter); }
    void operator()(std::int64_t number) const { statement.bind(parameter, number); }
    void operator()(double number) const { statement.bind_real(parameter, number); }
    void operator()(const std::string& text) const { statement.bind_text(parameter, text); }
    void operator()(const Blob& blob) const { statement.bind_blob(parameter, blob.bytes); }
  };
  std::visit(Binder{statement, parameter}, value);
}

Value column_value(const Statement& statement, int column) {
  switch (statement.type(column)) {
    case database::Type::integer:
      return statement.integer(column);
    case database::Type::real:
      return statement.real(column);
    case database::Type::text:
      return std::string(statement.text(column));
    case database::Type::blob:
      return Blob{std::string(statement.blob(column))};
    case database::Type::null:
      return std::monostate{};
  }
  LEAT_ASSERT(!"a column of no type");
}

}  // namespace leat::service
