#include "service/shape_plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace leat::service {
namespace {

std::vector<std::string> parts_of(std::string_view name) {
  std::vector<std::string> out;
  for (std::size_t from = 0;;) {
    const auto dot = name.find('.', from);
    out.emplace_back(name.substr(from, dot - from));
    if (dot == std::string_view::npos) return out;
    from = dot + 1;
  }
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

// "author" beside "author.id": a value cannot also be an object.
bool is_prefix_of_another(const std::string& name, const std::set<std::string>& names) {
  const auto next = names.lower_bound(name + ".");
  return next != names.end() && next->starts_with(name + ".");
}

}  // namespace

ShapePlan shape_of(const std::vector<ColumnFacts>& columns, const definition::Place& place,
                   definition::Mistakes& mistakes) {
  ShapePlan shape;
  std::set<std::string> names;
  for (const auto& column : columns) names.insert(column.name);
  std::set<std::string> seen;
  for (const auto& column : columns) {
    auto path = parts_of(column.name);
    if (std::ranges::any_of(path, &std::string::empty)) {
      mistakes.error(place, fmt::format("the column name `{}` has an empty part", column.name), "name it with `as`");
    } else if (!seen.insert(column.name).second) {
      mistakes.error(place, fmt::format("two columns are named `{}`", column.name), "rename one of them with `as`");
    } else if (is_prefix_of_another(column.name, names)) {
      mistakes.error(place, fmt::format("`{}` is a value here and an object elsewhere", column.name),
                     fmt::format("rename it, or put it below the object: \"{}.value\"", column.name));
    }
    shape.columns.push_back({.path = std::move(path), .encode = encode_of(column.declared_type)});
  }
  return shape;
}

Encode encode_of(std::string_view declared_type) {
  const std::string type = upper(declared_type);
  if (type == "BOOLEAN" || type == "BOOL") return Encode::boolean;
  if (type == "JSON") return Encode::json;
  if (type == "BLOB") return Encode::base64;
  return Encode::by_value;
}

Encode encode_of(const schema::Attribute& attribute) {
  using schema::Type;
  if (attribute.content_encoding == "base64") return Encode::base64;
  if (attribute.types == 0) return Encode::by_value;
  const bool scalar =
      attribute.allows(Type::string) || attribute.allows(Type::integer) || attribute.allows(Type::number);
  if (attribute.allows(Type::boolean) && !scalar) return Encode::boolean;
  if ((attribute.allows(Type::array) || attribute.allows(Type::object)) && !scalar) return Encode::json;
  if (attribute.allows(Type::string) && !attribute.allows(Type::integer) && !attribute.allows(Type::number))
    return Encode::text;
  return Encode::by_value;
}

}  // namespace leat::service
