#include "schema/attributes.h"

#include <algorithm>

#include "schema/prepare.h"
#include "schema/sentence.h"

namespace leat::schema {
namespace {

unsigned type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return static_cast<unsigned>(Type::null);
    case json::kind::bool_:
      return static_cast<unsigned>(Type::boolean);
    case json::kind::int64:
    case json::kind::uint64:
      return static_cast<unsigned>(Type::integer);
    case json::kind::double_:
      return static_cast<unsigned>(Type::number);
    case json::kind::string:
      return static_cast<unsigned>(Type::string);
    case json::kind::array:
      return static_cast<unsigned>(Type::array);
    case json::kind::object:
      return static_cast<unsigned>(Type::object);
  }
  return 0;
}

unsigned types_of(const json::value& root, const json::value& in);

unsigned types_of_alternatives(const json::value& root, const json::value& list) {
  unsigned types = 0;
  for (const auto& alternative : list.get_array()) {
    const unsigned more = types_of(root, alternative);
    if (more == 0) return 0;
    types |= more;
  }
  return types;
}

unsigned types_of(const json::value& root, const json::value& in) {
  const auto* schema = followed(root, in).if_object();
  if (!schema) return 0;
  if (const auto* type = schema->if_contains("type")) return types_in(*type);
  if (const auto* constant = schema->if_contains("const")) return type_of(*constant);
  if (const auto* values = schema->if_contains("enum"); values && values->is_array()) {
    unsigned types = 0;
    for (const auto& value : values->get_array()) types |= type_of(value);
    return types;
  }
  for (const auto name : {"anyOf", "oneOf"})
    if (const auto* list = schema->if_contains(name); list && list->is_array())
      return types_of_alternatives(root, *list);
  return 0;
}

std::string text_in(const json::value& schema, std::string_view keyword) {
  const auto* object = schema.if_object();
  const auto* text = object ? object->if_contains(keyword) : nullptr;
  return text && text->is_string() ? std::string(text->get_string()) : std::string();
}

bool names(const json::object& schema, std::string_view required) {
  const auto* list = schema.if_contains("required");
  return list && list->is_array() &&
         std::ranges::any_of(list->get_array(), [&](const json::value& v) { return v == json::value(required); });
}

class Looking {
 public:
  explicit Looking(const json::value& root) : root_(root) {}

  void look(const json::value& in) {
    const auto* schema = followed(root_, in).if_object();
    if (!schema) return;
    if (const auto* more = schema->if_contains("additionalProperties")) outline_.closed |= *more == json::value(false);
    if (const auto* list = schema->if_contains("required"); list && list->is_array())
      for (const auto& name : list->get_array())
        if (name.is_string()) outline_.required.emplace_back(name.get_string());
    if (const auto* properties = schema->if_contains("properties"); properties && properties->is_object())
      for (const auto& [name, property] : properties->get_object()) attribute(name, property, names(*schema, name));
    if (const auto* parts = schema->if_contains("allOf"); parts && parts->is_array())
      for (const auto& part : parts->get_array()) look(part);
  }

  Outline take() && { return std::move(outline_); }

 private:
  void attribute(std::string_view name, const json::value& property, bool required) {
    const auto& target = followed(root_, property);
    outline_.attributes.push_back({std::string(name), types_of(root_, property), required, text_in(target, "format"),
                                   text_in(target, "contentEncoding")});
  }

  const json::value& root_;
  Outline outline_;
};

// Where `properties`, or those of a part of allOf, describe an attribute.
const json::value* property_of(const json::value& root, const json::value& in, std::string_view name) {
  const auto* schema = followed(root, in).if_object();
  if (!schema) return nullptr;
  if (const auto* properties = schema->if_contains("properties"); properties && properties->is_object())
    if (const auto* found = properties->get_object().if_contains(name)) return found;
  if (const auto* parts = schema->if_contains("allOf"); parts && parts->is_array())
    for (const auto& part : parts->get_array())
      if (const auto* found = property_of(root, part, name)) return found;
  return nullptr;
}

}  // namespace

Outline outline_of(const json::value& schema) {
  Looking looking(schema);
  looking.look(schema);
  return std::move(looking).take();
}

std::optional<Outline> outline_of(const json::value& schema, std::span<const std::string> path) {
  const json::value* at = &schema;
  for (const auto& name : path) {
    at = property_of(schema, *at, name);
    if (!at) return std::nullopt;
  }
  Looking looking(schema);
  looking.look(*at);
  return std::move(looking).take();
}

}  // namespace leat::schema
