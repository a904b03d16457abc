#include "schema/prepare.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace leat::schema {
namespace {

constexpr int depth_max = 32;
constexpr std::int64_t unique_items_max = 1000;  // they are compared each with each

enum class Holds { plain, schema, schema_or_list, list, map, dependencies };

struct Keyword {
  std::string_view name;
  Holds holds;
  std::string_view becomes = {};
};

constexpr Keyword keywords[] = {
    {"type", Holds::plain},
    {"enum", Holds::plain},
    {"const", Holds::plain},
    {"multipleOf", Holds::plain},
    {"minimum", Holds::plain},
    {"maximum", Holds::plain},
    {"exclusiveMinimum", Holds::plain},
    {"exclusiveMaximum", Holds::plain},
    {"minLength", Holds::plain},
    {"maxLength", Holds::plain},
    {"minItems", Holds::plain},
    {"maxItems", Holds::plain},
    {"uniqueItems", Holds::plain},
    {"minProperties", Holds::plain},
    {"maxProperties", Holds::plain},
    {"required", Holds::plain},
    {"pattern", Holds::plain, pattern_keyword},
    {"format", Holds::plain, format_keyword},
    {"items", Holds::schema_or_list},
    {"additionalItems", Holds::schema},
    {"contains", Holds::schema},
    {"additionalProperties", Holds::schema},
    {"propertyNames", Holds::schema},
    {"not", Holds::schema},
    {"if", Holds::schema},
    {"then", Holds::schema},
    {"else", Holds::schema},
    {"allOf", Holds::list},
    {"anyOf", Holds::list},
    {"oneOf", Holds::list},
    {"properties", Holds::map},
    {"$defs", Holds::map},
    {"definitions", Holds::map},
    {"dependencies", Holds::dependencies},
    {"dependentSchemas", Holds::map, "dependencies"},
    {"dependentRequired", Holds::plain, "dependencies"},
    {"$ref", Holds::plain},
};

// They say nothing about what is valid.
constexpr std::string_view annotations[] = {"$schema",  "$id",        "$comment",        "title",
                                            "default",  "deprecated", "description",     "examples",
                                            "readOnly", "writeOnly",  "contentEncoding", "contentMediaType"};

bool is_annotation(std::string_view name) {
  return name.starts_with("x-") || std::ranges::find(annotations, name) != std::end(annotations);
}

std::unexpected<Error> wrong(const std::string& pointer, std::string_view what) {
  return fail(Code::invalid, fmt::format("{}: {}", pointer.empty() ? "/" : pointer, what));
}

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

// Schemas that apply to the same value as `schema` does, so that a circle among them would never end.
void in_place(const json::value& schema, std::vector<const json::value*>& out) {
  const auto* object = schema.if_object();
  if (!object) return;
  for (const auto name : {"not", "if", "then", "else"})
    if (const auto* sub = object->if_contains(name)) out.push_back(sub);
  for (const auto name : {"allOf", "anyOf", "oneOf"})
    if (const auto* list = object->if_contains(name); list && list->is_array())
      for (const auto& sub : list->get_array()) out.push_back(&sub);
  for (const auto name : {"dependencies", "dependentSchemas"})
    if (const auto* map = object->if_contains(name); map && map->is_object())
      for (const auto& [key, sub] : map->get_object()) out.push_back(&sub);
}

class Preparation {
 public:
  explicit Preparation(const json::value& root) : root_(root) {}

  Result<json::value> schema(const json::value& in, const std::string& pointer, int depth) {
    if (in.is_bool()) return in;
    if (!in.is_object()) return wrong(pointer, "is not a schema; an object, true or false would be");
    if (depth > depth_max) return wrong(pointer, fmt::format("is nested deeper than {}", depth_max));
    LEAT_CHECK(check_bounded(in.get_object(), pointer));
    json::object out;
    for (const auto& [name, value] : in.get_object()) {
      if (is_annotation(name)) continue;
      const auto* keyword = std::ranges::find(keywords, std::string_view(name), &Keyword::name);
      if (keyword == std::end(keywords))
        return wrong(pointer, fmt::format("'{}' is not a keyword that is understood here", std::string_view(name)));
      LEAT_TRY(auto made, held(*keyword, value, pointer + "/" + escaped(name), depth + 1));
      put(out, keyword->becomes.empty() ? keyword->name : keyword->becomes, std::move(made));
    }
    if (const auto* ref = in.get_object().if_contains("$ref")) return reference(in, *ref, std::move(out), pointer);
    out[limit_keyword] = true;
    return out;
  }

 private:
  Result<json::value> held(const Keyword& keyword, const json::value& in, const std::string& pointer, int depth) {
    switch (keyword.holds) {
      case Holds::plain:
        return in;
      case Holds::schema:
        return schema(in, pointer, depth);
      case Holds::schema_or_list:
        return in.is_array() ? list(in, pointer, depth) : schema(in, pointer, depth);
      case Holds::list:
        return list(in, pointer, depth);
      case Holds::dependencies:
      case Holds::map:
        return map(in, pointer, depth, keyword.holds == Holds::dependencies);
    }
    return in;
  }

  Result<json::value> list(const json::value& in, const std::string& pointer, int depth) {
    if (!in.is_array()) return wrong(pointer, "must be a list of schemas");
    json::array out;
    for (const auto& item : in.get_array()) {
      LEAT_TRY(auto made, schema(item, fmt::format("{}/{}", pointer, out.size()), depth));
      out.push_back(std::move(made));
    }
    return out;
  }

  Result<json::value> map(const json::value& in, const std::string& pointer, int depth, bool lists_too) {
    if (!in.is_object()) return wrong(pointer, "must map names to schemas");
    json::object out;
    for (const auto& [name, value] : in.get_object()) {
      if (lists_too && value.is_array()) {
        out[name] = value;
        continue;
      }
      LEAT_TRY(auto made, schema(value, pointer + "/" + escaped(name), depth));
      out[name] = std::move(made);
    }
    return out;
  }

  // dependentSchemas and dependentRequired are one keyword to the validator.
  static void put(json::object& out, std::string_view name, json::value made) {
    auto* there = out.if_contains(name);
    if (!there || !there->is_object() || !made.is_object()) {
      out[name] = std::move(made);
      return;
    }
    for (auto& [key, value] : made.get_object()) there->get_object()[key] = std::move(value);
  }

  // The validator passes over whatever stands beside a $ref, so both become parts of an allOf.
  Result<json::value> reference(const json::value& in, const json::value& ref, json::object out,
                                const std::string& pointer) {
    if (!ref.is_string()) return wrong(pointer, "$ref must be a string");
    if (!resolve(root_, ref.get_string()))
      return wrong(pointer, fmt::format("'{}' refers to nothing in this schema; only '#/...' can be referred to",
                                        std::string_view(ref.get_string())));
    std::vector<const json::value*> path;
    if (circles(in, path))
      return wrong(pointer, fmt::format("'{}' refers to itself in a circle", std::string_view(ref.get_string())));
    if (out.size() == 1) return out;
    json::object definitions;  // they must stay where references look for them
    for (const auto name : {"$defs", "definitions"})
      if (auto it = out.find(name); it != out.end()) {
        definitions[name] = std::move(it->value());
        out.erase(it);
      }
    out.erase("$ref");
    definitions["allOf"] = json::array{json::object{{"$ref", ref}}, std::move(out)};
    return definitions;
  }

  bool circles(const json::value& schema, std::vector<const json::value*>& path) const {
    if (std::ranges::find(path, &schema) != path.end()) return true;
    path.push_back(&schema);
    std::vector<const json::value*> next;
    in_place(schema, next);
    if (const auto* object = schema.if_object())
      if (const auto* ref = object->if_contains("$ref"); ref && ref->is_string())
        if (const auto* target = resolve(root_, ref->get_string())) next.push_back(target);
    const bool found = std::ranges::any_of(next, [&](const json::value* sub) { return circles(*sub, path); });
    path.pop_back();
    return found;
  }

  static Result<> check_bounded(const json::object& in, const std::string& pointer) {
    const auto* unique = in.if_contains("uniqueItems");
    if (!unique || *unique == json::value(false)) return {};
    const auto* max = in.if_contains("maxItems");
    if (max && max->is_int64() && max->get_int64() <= unique_items_max) return {};
    return wrong(pointer, fmt::format("uniqueItems needs a maxItems of at most {} beside it", unique_items_max));
  }

  const json::value& root_;
};

}  // namespace

const json::value* resolve(const json::value& root, std::string_view reference) {
  if (!reference.starts_with('#')) return nullptr;
  boost::system::error_code ignored;
  return root.find_pointer(reference.substr(1), ignored);
}

const json::value& followed(const json::value& root, const json::value& schema) {
  const json::value* at = &schema;
  for (int steps = 0; steps < depth_max; ++steps) {
    const auto* object = at->if_object();
    const auto* ref = object ? object->if_contains("$ref") : nullptr;
    const auto* target = ref && ref->is_string() ? resolve(root, ref->get_string()) : nullptr;
    if (!target) break;
    at = target;
  }
  return *at;
}

Result<json::value> prepare(const json::value& schema) { return Preparation(schema).schema(schema, "", 0); }

}  // namespace leat::schema
