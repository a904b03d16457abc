// schema/json_schema.h — JSON Schemas: compiled once, validated from any thread, asked what they name.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace leat::schema {

// One thing that is wrong with a value: where (JSON pointer, "" is the whole) and a sentence that says what would be
// right.
struct Violation {
  std::string pointer;
  std::string message;
};

enum class Type : unsigned { null = 1, boolean = 2, integer = 4, number = 8, string = 16, array = 32, object = 64 };

// One attribute that the schema of an object names at its top level.
struct Attribute {
  std::string name;
  unsigned types = 0;  // set of Type; 0: any
  bool required = false;
  std::string format;            // "date-time", "email", ...
  std::string content_encoding;  // "base64": binary
  bool allows(Type type) const { return types == 0 || (types & static_cast<unsigned>(type)) != 0; }
};

// What a schema names of an object.
struct Outline {
  std::vector<Attribute> attributes;  // in order of the schema
  std::vector<std::string> required;  // also what is not described
  bool closed = false;                // additionalProperties: false
};

class JsonSchema {
 public:
  // Code::invalid when it is not a schema or refers to anything outside itself. `name` is for messages.
  static Result<std::shared_ptr<const JsonSchema>> compile(const json::value& schema, std::string name);
  virtual ~JsonSchema() = default;

  virtual std::vector<Violation> validate(const json::value&) const = 0;  // empty: valid; safe from any thread
  virtual const std::vector<Attribute>& attributes() const = 0;           // top level, in order of the schema
  virtual const Attribute* attribute(std::string_view name) const = 0;    // null when not named
  virtual bool closed() const = 0;                                        // additionalProperties: false
  // Of the object that `path` leads to by names of attributes; nothing where the schema does not name the way.
  virtual std::optional<Outline> outline(std::span<const std::string> path) const = 0;
};

}  // namespace leat::schema
