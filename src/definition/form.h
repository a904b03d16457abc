// definition/form.h — how a value is written in YAML, said once: a Form<T> reads a node into a T and describes itself
// as JSON Schema, so that what `leat check` accepts and what an editor suggests cannot disagree.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "base/nearest.h"
#include "definition/folder.h"
#include "definition/yaml_tree.h"

namespace leat::definition {

// What reading needs: the other files, and where mistakes go.
struct Reading {
  Folder& folder;
  Mistakes& mistakes;
};

template <class T>
struct Form {
  std::string says;     // "a list of event names, like [post.created]": ends the sentence "write ..."
  json::object schema;  // 2020-12
  // False when nothing could be taken; then the reason is among the mistakes.
  std::function<bool(Reading&, const Node&, T&)> read;
};

bool refuse(Reading&, const Place&, std::string what, std::string fix);
// "a list is wrong here; write <says>"
bool refuse_kind(Reading&, const Node&, const std::string& says);
// Returns the known key that was probably meant, if one is near.
std::optional<std::string> refuse_unknown_key(Reading&, const Node& key, const std::vector<std::string>& known);
// True (and told) when a comma cut a value off: {name: select a, b}.
bool cut_by_comma(Reading&, const Node& mapping);

// One key of a mapping with fixed keys.
template <class T>
struct Row {
  std::string key;
  bool required;
  json::object schema;
  std::function<bool(Reading&, const Node&, T&)> read;
};

enum class Need { optional, required };

inline json::object described(json::object schema, std::string_view note) {
  schema["description"] = note;
  return schema;
}

template <class T, class U, class V>
Row<T> row(std::string key, V U::* member, Form<V> form, Need need, std::string_view note) {
  auto read = [member, read = std::move(form.read)](Reading& r, const Node& node, T& into) {
    return read(r, node, into.*member);
  };
  return {std::move(key), need == Need::required, described(std::move(form.schema), note), std::move(read)};
}

// A member that stays empty unless the key is there.
template <class T, class U, class V>
Row<T> row(std::string key, std::optional<V> U::* member, Form<V> form, Need need, std::string_view note) {
  auto read = [member, read = std::move(form.read)](Reading& r, const Node& node, T& into) {
    V value{};
    if (!read(r, node, value)) return false;
    into.*member = std::move(value);
    return true;
  };
  return {std::move(key), need == Need::required, described(std::move(form.schema), note), std::move(read)};
}

// A mapping with fixed keys. Sets `place` of a T that has one. A misspelt key is read as the one that was meant, so
// that one slip is one mistake.
template <class T>
Form<T> mapping(std::string says, std::vector<Row<T>> rows) {
  json::object properties;
  json::array required;
  std::vector<std::string> known;
  for (const Row<T>& row : rows) {
    known.push_back(row.key);
    properties[row.key] = row.schema;
    if (row.required) required.emplace_back(row.key);
  }
  json::object schema{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);

  auto read = [says, rows = std::move(rows), known = std::move(known)](Reading& r, const Node& node, T& into) {
    if (node.kind != Node::Kind::mapping) return refuse_kind(r, node, says);
    if (cut_by_comma(r, node)) return false;
    if constexpr (requires { into.place; }) {
      if (into.place.line == 0) into.place = node.place;
    }
    bool complete = true;
    std::map<std::string, const Node*> meant;
    for (const Node::Entry& entry : node.entries) {
      if (std::ranges::find(known, entry.key.text) != known.end()) continue;
      if (const auto near = refuse_unknown_key(r, entry.key, known)) meant.emplace(*near, &entry.value);
      complete = false;
    }
    for (const Row<T>& row : rows) {
      const Node* value = node.find(row.key);
      if (!value && meant.contains(row.key)) value = meant.at(row.key);
      if (value) {
        complete &= row.read(r, *value, into);
      } else if (row.required) {
        complete = refuse(r, node.place, fmt::format("`{}` is missing", row.key), fmt::format("{} needs it", says));
      }
    }
    return complete;
  };
  return {std::move(says), std::move(schema), std::move(read)};
}

// [a, b, c]
template <class T>
Form<std::vector<T>> list_of(std::string says, Form<T> item) {
  json::object schema{{"type", "array"}, {"minItems", 1}, {"items", item.schema}};
  auto read = [says, item = std::move(item)](Reading& r, const Node& node, std::vector<T>& into) {
    if (node.kind != Node::Kind::sequence) return refuse_kind(r, node, says);
    if (node.items.empty()) return refuse(r, node.place, "the list is empty", "write " + says);
    bool complete = true;
    for (const Node& each : node.items) {
      T value{};
      const bool taken = item.read(r, each, value);
      if (taken) into.push_back(std::move(value));
      complete &= taken;
    }
    return complete;
  };
  return {std::move(says), std::move(schema), std::move(read)};
}

// One value, or a list of them.
template <class T>
Form<std::vector<T>> one_or_list(std::string says, Form<T> one, Form<T> item) {
  auto list = list_of(says, std::move(item));
  json::object schema{{"anyOf", json::array{one.schema, list.schema}}};
  auto read = [one = std::move(one), list = std::move(list)](Reading& r, const Node& node, std::vector<T>& into) {
    if (node.kind == Node::Kind::sequence) return list.read(r, node, into);
    T value{};
    if (!one.read(r, node, value)) return false;
    into.push_back(std::move(value));
    return true;
  };
  return {std::move(says), std::move(schema), std::move(read)};
}

// How the name of an entry is written and where it goes.
template <class T>
struct KeyForm {
  json::object schema;
  std::function<bool(Reading&, const Node&, T&)> read;
};

// {name: value, name: value}: a list of T, each with its name. `place` of each is that of its name. An entry that could
// not be read whole is kept when its name could, so that what refers to it is not called unknown as well.
template <class T>
Form<std::vector<T>> named(std::string says, KeyForm<T> key, Form<T> value) {
  json::object schema{
      {"type", "object"}, {"minProperties", 1}, {"propertyNames", key.schema}, {"additionalProperties", value.schema}};
  auto read = [says, key = std::move(key), value = std::move(value)](Reading& r, const Node& node,
                                                                     std::vector<T>& into) {
    if (node.kind != Node::Kind::mapping) return refuse_kind(r, node, says);
    if (node.entries.empty()) return refuse(r, node.place, "the mapping is empty", "write " + says);
    if (cut_by_comma(r, node)) return false;
    bool complete = true;
    for (const Node::Entry& entry : node.entries) {
      T item{};
      if constexpr (requires { item.place; }) item.place = entry.key.place;
      const bool has_name = key.read(r, entry.key, item);
      complete &= has_name && value.read(r, entry.value, item);
      if (has_name) into.push_back(std::move(item));
    }
    return complete;
  };
  return {std::move(says), std::move(schema), std::move(read)};
}

// A mapping with one entry stands for that entry.
template <class T>
Form<T> single(Form<std::vector<T>> entries) {
  json::object schema = std::move(entries.schema);
  schema["maxProperties"] = 1;
  auto read = [read = std::move(entries.read)](Reading& r, const Node& node, T& into) {
    std::vector<T> list;
    if (!read(r, node, list)) return false;
    if (list.size() != 1) return refuse(r, node.place, "several entries in one list item", "write one - for each");
    into = std::move(list[0]);
    return true;
  };
  return {std::move(entries.says), std::move(schema), std::move(read)};
}

// A plain value is read by one form, anything else by the other.
template <class T>
Form<T> scalar_or(Form<T> scalar, Form<T> other) {
  json::object schema{{"anyOf", json::array{scalar.schema, other.schema}}};
  std::string says = scalar.says + ", or " + other.says;
  auto read = [says, scalar = std::move(scalar), other = std::move(other)](Reading& r, const Node& node, T& into) {
    if (node.kind == Node::Kind::null) return refuse_kind(r, node, says);
    return node.kind == Node::Kind::scalar ? scalar.read(r, node, into) : other.read(r, node, into);
  };
  return {std::move(says), std::move(schema), std::move(read)};
}

// `check` looks at what was read whole.
template <class T>
Form<T> checked(Form<T> form, bool (*check)(Reading&, const T&)) {
  form.read = [check, read = std::move(form.read)](Reading& r, const Node& node, T& into) {
    return read(r, node, into) && check(r, into);
  };
  return form;
}

// A form of a part is a form of the whole that holds it: {name: select ...} where T::select is the value.
template <class T, class V>
Form<T> part(V T::* member, Form<V> form) {
  auto read = [member, read = std::move(form.read)](Reading& r, const Node& node, T& into) {
    return read(r, node, into.*member);
  };
  return {std::move(form.says), std::move(form.schema), std::move(read)};
}
template <class T, class V>
Form<T> part(std::optional<V> T::* member, Form<V> form) {
  auto read = [member, read = std::move(form.read)](Reading& r, const Node& node, T& into) {
    return read(r, node, (into.*member).emplace());
  };
  return {std::move(form.says), std::move(form.schema), std::move(read)};
}

}  // namespace leat::definition
