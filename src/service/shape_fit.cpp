#include "service/shape_fit.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace leat::service {
namespace {

using schema::Attribute;
using schema::Type;

std::string types_text(const Attribute& attribute) {
  constexpr std::array names = {std::pair(Type::null, "null"),       std::pair(Type::boolean, "boolean"),
                                std::pair(Type::integer, "integer"), std::pair(Type::number, "number"),
                                std::pair(Type::string, "string"),   std::pair(Type::array, "array"),
                                std::pair(Type::object, "object")};
  std::vector<std::string_view> out;
  for (const auto& [type, name] : names)
    if (attribute.allows(type)) out.emplace_back(name);
  return fmt::format("{}", fmt::join(out, " or "));
}

bool allows_any(const Attribute& attribute, std::initializer_list<Type> types) {
  return std::ranges::any_of(types, [&](Type type) { return attribute.allows(type); });
}

// SQLite's rules of affinity, as far as they leave no doubt what a column holds.
enum class Holds { integer, real, text, blob, unknown };

Holds held_by(std::string_view declared_type) {
  std::string type(declared_type);
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto has = [&](std::string_view word) { return type.find(word) != std::string::npos; };
  if (has("INT")) return Holds::integer;
  if (has("CHAR") || has("CLOB") || has("TEXT")) return Holds::text;
  if (type == "BLOB") return Holds::blob;
  if (has("REAL") || has("FLOA") || has("DOUB")) return Holds::real;
  return Holds::unknown;
}

// Whether some value of the column could be what the attribute asks for. Text may be JSON; an integer, 0 or 1.
bool can_be(const Attribute& attribute, Holds holds) {
  const bool binary = attribute.content_encoding == "base64";
  switch (holds) {
    case Holds::integer:
      return !binary && allows_any(attribute, {Type::integer, Type::number, Type::boolean, Type::string});
    case Holds::real:
      return !binary && allows_any(attribute, {Type::integer, Type::number, Type::string});
    case Holds::text:
      return allows_any(attribute, {Type::string, Type::array, Type::object});
    case Holds::blob:
      return attribute.types == 0 || binary;
    case Holds::unknown:
      return true;
  }
  return true;
}

class Fitting {
 public:
  Fitting(ShapePlan& shape, const std::vector<ColumnFacts>& facts, const schema::JsonSchema& schema, const Held& held,
          const definition::Place& place, definition::Mistakes& mistakes)
      : shape_(shape), facts_(facts), schema_(schema), held_(held), place_(place), mistakes_(mistakes) {}

  // The columns below `prefix`; where the schema does not describe that object, they stay as they are.
  void fit(const std::vector<std::string>& prefix) {
    const auto outline = schema_.outline(prefix);
    if (!outline) return;
    std::set<std::string> given;
    for (std::size_t i = 0; i < shape_.columns.size(); ++i) {
      const auto& path = shape_.columns[i].path;
      if (path.size() <= prefix.size() || !std::equal(prefix.begin(), prefix.end(), path.begin())) continue;
      const bool is_first = given.insert(path[prefix.size()]).second;
      column(i, prefix, *outline, is_first);
    }
    for (const auto& required : outline->required) {
      if (!given.insert(required).second) continue;  // told once, though parts of allOf may require it again
      const auto name = dotted(prefix, required);
      mistakes_.error(place_, fmt::format("{} requires `{}`, which no column gives", held_.name, name),
                      fmt::format("return a column `{}`", name));
    }
  }

 private:
  static std::string dotted(std::vector<std::string> path, const std::string& last) {
    path.push_back(last);
    return fmt::format("{}", fmt::join(path, "."));
  }

  void column(std::size_t index, const std::vector<std::string>& prefix, const schema::Outline& outline,
              bool is_first) {
    const auto& name = shape_.columns[index].path[prefix.size()];
    const bool leaf = shape_.columns[index].path.size() == prefix.size() + 1;
    const auto attribute = std::ranges::find(outline.attributes, name, &Attribute::name);
    if (attribute == outline.attributes.end()) {
      if (outline.closed && is_first)
        mistakes_.error(place_, fmt::format("{} has no attribute `{}`", held_.name, dotted(prefix, name)),
                        fmt::format("leave the column out or name it in {}", held_.schema));
    } else if (leaf) {
      shape_.columns[index].encode = encode_of(*attribute);
      value(facts_[index], dotted(prefix, name), *attribute);
    } else if (is_first) {
      object(prefix, *attribute);
    }
  }

  void object(std::vector<std::string> prefix, const Attribute& attribute) {
    const auto name = dotted(prefix, attribute.name);
    if (!attribute.allows(Type::object))
      mistakes_.error(
          place_, fmt::format("{} wants `{}` as {}, and it is an object here", held_.name, name, types_text(attribute)),
          "rename the columns below it, or change the schema");
    prefix.push_back(attribute.name);
    fit(prefix);
  }

  void value(const ColumnFacts& column, const std::string& name, const Attribute& attribute) {
    if (!can_be(attribute, held_by(column.declared_type))) {
      const bool binary = held_by(column.declared_type) == Holds::blob && attribute.allows(Type::string);
      mistakes_.error(
          place_,
          fmt::format("{} wants `{}` as {}, and the column is declared {}", held_.name, name,
                      attribute.content_encoding == "base64" ? "base64" : types_text(attribute), column.declared_type),
          binary ? "say `\"contentEncoding\": \"base64\"` in the schema" : "change one of the two");
      return;
    }
    const bool may_be_null = !column.table.empty() && !column.not_null && !column.in_key;
    if (held_.warns_of_null && may_be_null && !attribute.allows(Type::null))
      mistakes_.warning(place_, fmt::format("`{}` may be NULL, which {} does not allow", name, held_.name),
                        "allow null there, declare the column `not null`, or write coalesce(...)");
  }

  ShapePlan& shape_;
  const std::vector<ColumnFacts>& facts_;
  const schema::JsonSchema& schema_;
  const Held& held_;
  const definition::Place& place_;
  definition::Mistakes& mistakes_;
};

}  // namespace

void fit_shape(ShapePlan& shape, const std::vector<ColumnFacts>& columns, const schema::JsonSchema& schema,
               const Held& held, const definition::Place& place, definition::Mistakes& mistakes) {
  Fitting(shape, columns, schema, held, place, mistakes).fit({});
}

}  // namespace leat::service
