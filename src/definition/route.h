// definition/route.h — "GET /api/users/{id:integer}/feed".
#pragma once

#include "definition/definition.h"
#include "definition/form.h"

namespace leat::definition {

std::optional<ParameterType> parameter_type(std::string_view name);

// Reads a mapping's key as a route whose method is one of `methods`.
bool read_route(Reading&, const Node& key, const std::vector<std::string>& methods, Route& into);

template <class T>
KeyForm<T> route_key(std::vector<std::string> methods, Route T::* member) {
  const std::string pattern = fmt::format("^({}) /[^ ]*$", fmt::join(methods, "|"));
  return {{{"type", "string"}, {"pattern", pattern}},
          [methods = std::move(methods), member](Reading& r, const Node& key, T& into) {
            return read_route(r, key, methods, into.*member);
          }};
}

// The same text for two routes that no request can tell apart: "GET /api/users/{}/feed".
std::string shape(const Route&);

}  // namespace leat::definition
