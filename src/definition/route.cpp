#include "definition/route.h"

#include <algorithm>
#include <array>

#include "definition/names.h"

namespace leat::definition {
namespace {

constexpr std::array<std::pair<std::string_view, ParameterType>, 4> types = {{{"text", ParameterType::text},
                                                                              {"integer", ParameterType::integer},
                                                                              {"number", ParameterType::number},
                                                                              {"boolean", ParameterType::boolean}}};

// The characters of a path that need no encoding (RFC 3986, unreserved).
bool is_literal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

class RouteReader {
 public:
  RouteReader(Reading& reading, const Node& key, Route& route) : r_(reading), key_(key), route_(route) {}

  // Requires: the path begins with / at `from` in the key.
  bool path(std::size_t from) {
    const std::string_view text = key_.text;
    if (text.substr(from) == "/") return true;
    for (std::size_t at = from + 1; at <= text.size();) {
      const std::size_t end = std::min(text.find('/', at), text.size());
      if (!segment(text.substr(at, end - at), at)) return false;
      at = end + 1;
    }
    return true;
  }

  bool wrong(std::size_t at, std::string what, std::string fix) {
    Place place = key_.place;
    place.column += static_cast<int>(at) + (key_.style == Node::Style::plain ? 0 : 1);
    return refuse(r_, place, std::move(what), std::move(fix));
  }

 private:
  bool segment(std::string_view text, std::size_t at) {
    if (text.empty()) return wrong(at, "an empty part of a path", "write one / between two parts and none at the end");
    if (text.starts_with('{')) return parameter(text, at);
    const auto bad = std::ranges::find_if_not(text, is_literal);
    if (bad != text.end()) {
      return wrong(at + static_cast<std::size_t>(bad - text.begin()), fmt::format("`{}` in a path", *bad),
                   "use letters, digits and - . _ ~, or a parameter {name:type} as a whole part");
    }
    if (text == "." || text == "..") return wrong(at, "a path cannot hold . or ..", "write the path out");
    route_.segments.push_back({std::string(text), std::nullopt});
    return true;
  }

  bool parameter(std::string_view text, std::size_t at) {
    if (!text.ends_with('}')) return wrong(at, "this parameter is never closed", "write {name:type} as a whole part");
    const auto inside = text.substr(1, text.size() - 2);
    const std::size_t colon = inside.find(':');
    const auto name = inside.substr(0, colon);
    const auto type = colon == std::string_view::npos ? "text" : inside.substr(colon + 1);
    if (!parameter_name.accepts(name)) {
      return wrong(at + 1, fmt::format("`{}` cannot name a parameter", name),
                   fmt::format("write {}", parameter_name.says));
    }
    const auto known = parameter_type(type);
    if (!known) {
      return wrong(at + 2 + name.size(), fmt::format("unknown type `{}`", type),
                   "write text, integer, number or boolean");
    }
    const auto same = [&](const PathSegment& s) { return s.parameter && s.text == name; };
    if (std::ranges::any_of(route_.segments, same)) {
      return wrong(at + 1, fmt::format("the parameter `{}` stands twice", name), "give each its own name");
    }
    route_.segments.push_back({std::string(name), known});
    return true;
  }

  Reading& r_;
  const Node& key_;
  Route& route_;
};

}  // namespace

std::optional<ParameterType> parameter_type(std::string_view name) {
  const auto found = std::ranges::find(types, name, [](const auto& type) { return type.first; });
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

bool read_route(Reading& r, const Node& key, const std::vector<std::string>& methods, Route& into) {
  RouteReader reader(r, key, into);
  const std::size_t space = key.text.find(' ');
  into.place = key.place;
  into.method = key.text.substr(0, space);
  if (std::ranges::find(methods, into.method) == methods.end()) {
    return reader.wrong(0, fmt::format("`{}` is not a method for this", into.method),
                        fmt::format("write {} and a path", fmt::join(methods, ", ")));
  }
  const std::size_t slash = key.text.find_first_not_of(' ', std::min(space, key.text.size()));
  if (slash == std::string::npos || key.text[slash] != '/') {
    return reader.wrong(std::min(slash, key.text.size()), "a path begins with /",
                        fmt::format("write {} /path", into.method));
  }
  into.path = key.text.substr(slash);
  return reader.path(slash);
}

std::string shape(const Route& route) {
  std::string out = route.method + " ";
  for (const PathSegment& segment : route.segments) out += "/" + (segment.parameter ? "{}" : segment.text);
  return out;
}

}  // namespace leat::definition
