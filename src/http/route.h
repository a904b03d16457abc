// http/route.h — one entry of a route table.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/http.h"

namespace leat::http {

// What stood in the path where the template has {parameters}: decoded once, valid UTF-8, in the template's order.
using Parameters = std::vector<std::string>;

// Called on an I/O thread and must not block, as Handler.
using RouteHandler = std::function<void(Request, Parameters, Reply)>;

struct Route {
  std::string method;         // "GET"; it also serves HEAD
  std::string path_template;  // "/api/posts/{id:integer}"; the type is the handler's business
  RouteHandler handler;
};

}  // namespace leat::http
