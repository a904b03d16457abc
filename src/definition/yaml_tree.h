// definition/yaml_tree.h — a YAML file as nodes with exact places. Stricter than YAML: what would surprise a reader
// (duplicate keys, anchors, tags, tabs, several documents, keys that are not text) is a mistake.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "definition/place.h"
#include "definition/source.h"

namespace leat::definition {

struct Node {
  enum class Kind { null, scalar, sequence, mapping };
  enum class Style { plain, single_quoted, double_quoted, literal, folded };

  Kind kind = Kind::null;
  Place place;
  // A scalar's value. Its lines begin at these (line, column) when `exact`: one line without escapes, or a | block.
  std::string text;
  Style style = Style::plain;
  bool exact = false;
  std::vector<std::pair<int, int>> line_starts;
  bool comment_follows = false;  // a plain scalar that ` #` ends

  struct Entry;
  std::vector<Node> items;     // of a sequence
  std::vector<Entry> entries;  // of a mapping, in the order of the file, each key once
  bool flow = false;           // written in { } or [ ]

  const Node* find(std::string_view key) const;
};

struct Node::Entry {
  Node key;  // a scalar
  Node value;
};

constexpr int yaml_depth_max = 64;

// Nothing when the file is not YAML or not of the kind above; then `mistakes` says where.
std::optional<Node> parse_yaml(const Source& source, Mistakes& mistakes);

}  // namespace leat::definition
