#include "service/shape.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/json.h"
#include "service/base64.h"

namespace leat::service {
namespace {

void append_integer(std::string& out, std::int64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

void write_real(std::string& out, double number) {
  if (std::isfinite(number)) {
    fmt::format_to(std::back_inserter(out), "{}", number);
  } else {
    out += "null";  // JSON has no infinity
  }
}

void write_text(std::string& out, std::string_view text) {
  if (is_utf8(text)) {
    append_json_string(out, text);
  } else {
    append_json_string(out, to_base64(text));  // a BLOB cast to text
  }
}

void write_by_value(std::string& out, const database::Statement& row, int column) {
  switch (row.type(column)) {
    case database::Type::integer:
      append_integer(out, row.integer(column));
      return;
    case database::Type::real:
      write_real(out, row.real(column));
      return;
    case database::Type::text:
      write_text(out, row.text(column));
      return;
    case database::Type::blob:
      append_json_string(out, to_base64(row.blob(column)));
      return;
    case database::Type::null:
      out += "null";
      return;
  }
}

}  // namespace

void write_column(std::string& out, const database::Statement& row, int column, Encode encode) {
  if (encode == Encode::by_value) return write_by_value(out, row, column);
  if (row.is_null(column)) {
    out += "null";
    return;
  }
  switch (encode) {
    case Encode::by_value:
      return;
    case Encode::boolean:
      out += row.integer(column) != 0 ? "true" : "false";
      return;
    case Encode::json:
      // Of a client's, as often as not: it must not end the value and go on with one of its own.
      if (row.type(column) == database::Type::text && is_json(row.text(column))) {
        out += row.text(column);
      } else {
        write_by_value(out, row, column);
      }
      return;
    case Encode::base64:
      append_json_string(out, to_base64(row.blob(column)));
      return;
    case Encode::text:
      write_text(out, row.text(column));
      return;
  }
}

// The columns as a tree: a leaf is a column, all else an object.
struct Shape::Node {
  std::string key;
  int column = -1;
  Encode encode = Encode::by_value;
  std::vector<Node> children;

  Node& child(const std::string& name) {
    for (auto& node : children)
      if (node.key == name && node.column < 0) return node;
    return children.emplace_back(Node{name, -1, Encode::by_value, {}});
  }
  void columns(std::vector<int>& out) const {
    if (column >= 0) out.push_back(column);
    for (const auto& node : children) node.columns(out);
  }
};

Shape::Shape(const ShapePlan& plan) {
  Node root;
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    const auto& [path, encode] = plan.columns[i];
    LEAT_ASSERT(!path.empty());
    Node* parent = &root;
    for (std::size_t depth = 0; depth + 1 < path.size(); ++depth) parent = &parent->child(path[depth]);
    parent->children.push_back(Node{path.back(), static_cast<int>(i), encode, {}});
  }
  add(root);
}

void Shape::add(const Node& object) {
  bool first = true;
  for (const auto& node : object.children) {
    std::string before = first ? "{" : ",";
    first = false;
    append_json_string(before, node.key);
    before += ':';
    if (node.column >= 0) {
      ops_.push_back({Op::Kind::value, std::move(before), node.column, node.encode, {}, 0});
      continue;
    }
    const std::size_t at = ops_.size();
    ops_.push_back({Op::Kind::open, std::move(before), 0, Encode::by_value, {}, 0});
    node.columns(ops_[at].columns);
    add(node);
    ops_[at].end = ops_.size() - 1;
  }
  ops_.push_back({Op::Kind::close, first ? "{}" : "}", 0, Encode::by_value, {}, 0});
}

void Shape::write(std::string& out, const database::Statement& row) const {
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    const Op& op = ops_[i];
    out += op.before;
    switch (op.kind) {
      case Op::Kind::value:
        write_column(out, row, op.column, op.encode);
        break;
      case Op::Kind::open:
        if (std::all_of(op.columns.begin(), op.columns.end(), [&](int column) { return row.is_null(column); })) {
          out += "null";
          i = op.end;
        }
        break;
      case Op::Kind::close:
        break;
    }
  }
}

}  // namespace leat::service
