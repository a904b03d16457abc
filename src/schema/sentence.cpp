#include "schema/sentence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "schema/prepare.h"

namespace leat::schema {
namespace {

struct TypeName {
  Type type;
  std::string_view keyword, words;
};

constexpr TypeName type_names[] = {
    {Type::string, "string", "a string"}, {Type::integer, "integer", "an integer"},
    {Type::number, "number", "a number"}, {Type::boolean, "boolean", "true or false"},
    {Type::array, "array", "an array"},   {Type::object, "object", "an object"},
    {Type::null, "null", "null"},
};

std::string pointer_to(const std::vector<std::string>& path) {
  std::string out;
  for (const auto& step : path) {
    out += '/';
    for (const char c : step) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return out;
}

// Where the schema says something about the value at a path. Looks into allOf; null where alternatives decide.
const json::value* below(const json::value& root, const json::value& in, const std::string& step) {
  const auto* schema = followed(root, in).if_object();
  if (!schema) return nullptr;
  if (const auto* properties = schema->if_contains("properties"); properties && properties->is_object())
    if (const auto* property = properties->get_object().if_contains(step)) return property;
  if (const auto* items = schema->if_contains("items"); items && items->is_object()) return items;
  if (const auto* more = schema->if_contains("additionalProperties"); more && more->is_object()) return more;
  if (const auto* parts = schema->if_contains("allOf"); parts && parts->is_array())
    for (const auto& part : parts->get_array())
      if (const auto* found = below(root, part, step)) return found;
  return nullptr;
}

const json::value* keyword_at(const json::value& root, const std::vector<std::string>& path, std::string_view keyword) {
  const json::value* at = &root;
  for (const auto& step : path)
    if (at = below(root, *at, step); !at) return nullptr;
  if (const auto* beside = at->is_object() ? at->get_object().if_contains(keyword) : nullptr) return beside;
  const auto* schema = followed(root, *at).if_object();
  return schema ? schema->if_contains(keyword) : nullptr;
}

std::string listed(const json::value& values) {
  std::string out;
  if (const auto* list = values.if_array())
    for (const auto& value : *list) out += (out.empty() ? "" : ", ") + json::serialize(value);
  return out;
}

// How the validator begins a sentence, which keyword stands behind it, and what we say: {} is the keyword's value.
struct Rule {
  std::string_view begins, keyword, says, says_without;
};

constexpr Rule rules[] = {
    {"Expected number greater than or equal to", "minimum", "must be at least {}", "is too small"},
    {"Expected number greater than", "exclusiveMinimum", "must be more than {}", "is too small"},
    {"Expected number less than or equal to", "maximum", "must be at most {}", "is too large"},
    {"Expected number less than", "exclusiveMaximum", "must be less than {}", "is too large"},
    {"String should be no more than", "maxLength", "must have at most {} characters", "is too long"},
    {"String should be no fewer than", "minLength", "must have at least {} characters", "is too short"},
    {"Array should contain no more than", "maxItems", "must have at most {} items", "has too many items"},
    {"Array should contain no fewer than", "minItems", "must have at least {} items", "has too few items"},
    {"Object should have no more than", "maxProperties", "must have at most {} attributes", "has too many attributes"},
    {"Object should have no fewer than", "minProperties", "must have at least {} attributes", "has too few attributes"},
    {"Value should be a multiple of", "multipleOf", "must be a multiple of {}", "is not a permitted multiple"},
    {"Failed to match expected value", "const", "must be {}", "is not the one value that is permitted"},
    {"Failed to any values against", "contains", "must contain an item as the schema asks", "lacks an item"},
    {"Target should not validate against", "not", "is what the schema excludes", "is what the schema excludes"},
    {"Failed to match against any enum", "enum", "must be one of {}", "is none of the permitted values"},
    {"Value type not permitted", "type", "must be {}", "has a type that is not permitted"},
};

// An integer to whoever wrote it, and to us a number that has no exact place.
bool is_beyond_int64(const json::value& root, const std::vector<std::string>& path) {
  boost::system::error_code missing;
  const auto* value = root.find_pointer(pointer_to(path), missing);
  if (!value) return false;
  if (value->is_uint64()) return value->get_uint64() > std::numeric_limits<std::int64_t>::max();
  return value->is_double() && std::fabs(value->get_double()) >= 0x1p63;
}

std::string by_rule(const json::value& schema, const Finding& finding, const Rule& rule) {
  const auto* keyword = keyword_at(schema, finding.path, rule.keyword);
  if (!keyword) return std::string(rule.says_without);
  auto words = rule.keyword == "type"   ? in_words(types_in(*keyword))
               : rule.keyword == "enum" ? listed(*keyword)
                                        : json::serialize(*keyword);
  auto sentence = fmt::format(fmt::runtime(rule.says), words);
  if (words == "1" && sentence.ends_with('s') && sentence.contains(" 1 ")) sentence.pop_back();  // "1 characters"
  return sentence;
}

// The last text in single quotes: the attribute that the validator names.
std::string quoted_in(std::string_view text) {
  const auto end = text.rfind('\'');
  const auto begin = text.find('\'');
  const auto last = text.rfind(": '");
  const auto from = last != text.npos ? last + 2 : begin;
  return end == text.npos || from >= end ? std::string() : std::string(text.substr(from + 1, end - from - 1));
}

class Telling {
 public:
  Telling(const json::value& schema, const json::value& value, bool all)
      : schema_(schema), value_(value), more_(!all) {}

  void tell(const Finding& finding) {
    const std::string_view text = finding.text;
    if (text.starts_with("must ")) return add(finding.path, finding.text);
    if (text.starts_with("Missing required property")) return add(below(finding.path, quoted_in(text)), "is missing");
    if (text.starts_with("Missing dependency"))
      return add(below(finding.path, quoted_in(text)), "is missing; another attribute needs it");
    if (text.starts_with("Object contains a property")) return unknown_attributes(finding);
    if (text.contains("anyOf") || text.contains("oneOf") || text.contains("child schema."))
      return no_alternative(finding);
    for (const auto& rule : rules)
      if (text.starts_with(rule.begins)) return add(finding.path, sentence(finding, rule));
    // What else there is repeats for an outer value that an inner one is wrong.
  }

  std::vector<Violation> done() && {
    std::ranges::stable_sort(violations_, {}, &Violation::pointer);
    const auto same = [](const Violation& a, const Violation& b) {
      return a.pointer == b.pointer && a.message == b.message;
    };
    violations_.erase(std::ranges::unique(violations_, same).begin(), violations_.end());
    if (violations_.empty()) violations_.push_back({"", "is not what the schema permits"});
    if (more_) violations_.push_back({"", "more is wrong than is told here"});
    return std::move(violations_);
  }

 private:
  static std::vector<std::string> below(std::vector<std::string> path, std::string step) {
    path.push_back(std::move(step));
    return path;
  }

  std::string sentence(const Finding& finding, const Rule& rule) const {
    auto says = by_rule(schema_, finding, rule);
    const bool wants_integer = rule.keyword == "type" && says.contains("integer");
    if (wants_integer && is_beyond_int64(value_, finding.path)) says += " of at most 64 bits";
    return says;
  }

  void add(const std::vector<std::string>& path, std::string message) {
    more_ |= is_full();
    if (!is_full()) violations_.push_back({pointer_to(path), std::move(message)});
  }

  // The validator names the first one only.
  void unknown_attributes(const Finding& finding) {
    boost::system::error_code ignored;
    const auto* object = value_.find_pointer(pointer_to(finding.path), ignored);
    const auto* known = keyword_at(schema_, finding.path, "properties");
    if (!object || !object->is_object() || !known || !known->is_object())
      return add(below(finding.path, quoted_in(finding.text)), "is not a known attribute");
    for (const auto& [name, value] : object->get_object()) {
      if (more_ && is_full()) return;
      if (!known->get_object().contains(name)) add(below(finding.path, name), "is not a known attribute");
    }
  }

  // What is wrong with each alternative would contradict itself.
  void no_alternative(const Finding& finding) {
    const auto pointer = pointer_to(finding.path);
    std::erase_if(violations_,
                  [&](const Violation& v) { return v.pointer == pointer || v.pointer.starts_with(pointer + "/"); });
    add(finding.path, finding.text.contains("exactly one") ? "must match exactly one of the permitted forms"
                                                           : "must match one of the permitted forms");
  }

  bool is_full() const { return violations_.size() >= violations_max; }

  const json::value& schema_;
  const json::value& value_;
  bool more_;
  std::vector<Violation> violations_;
};

}  // namespace

std::string in_words(unsigned types) {
  std::string out;
  for (const auto& [type, keyword, words] : type_names)
    if (types & static_cast<unsigned>(type)) out += fmt::format("{}{}", out.empty() ? "" : " or ", words);
  return out;
}

unsigned types_in(const json::value& keyword) {
  unsigned types = 0;
  if (const auto* list = keyword.if_array())
    for (const auto& item : *list) types |= types_in(item);
  if (const auto* text = keyword.if_string())
    for (const auto& name : type_names)
      if (std::string_view(*text) == name.keyword) types |= static_cast<unsigned>(name.type);
  return types;
}

std::vector<Violation> sentences(const json::value& schema, const json::value& value,
                                 const std::vector<Finding>& findings, bool all) {
  Telling telling(schema, value, all);
  for (const auto& finding : findings) telling.tell(finding);
  return std::move(telling).done();
}

}  // namespace leat::schema
