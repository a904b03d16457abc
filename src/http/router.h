// http/router.h — from method and path to a route's number.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/route.h"

namespace leat::http {

// Paths have one spelling: segments are decoded once, and a path with an empty segment, a dot segment, an encoded
// slash, a NUL or bytes that are not UTF-8 is refused before anything is looked up. Otherwise two readers of the same
// path (routing here, a permission elsewhere) could disagree about what it names.
class Router {
 public:
  Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  // The route's number, counted from 0 in the order of the calls. Code::conflict: an earlier route answers the same
  // requests. Code::invalid: the template does not begin with '/', has an empty segment, or its braces do not fit.
  Result<std::size_t> add(std::string_view method, std::string_view path_template);

  struct Found {
    std::size_t route;
    Parameters parameters;
  };
  struct Missing {
    int status;          // 400, 404, 405; 204 to OPTIONS
    std::string allow;   // for 405 and 204: the methods that the path has
    std::string detail;  // for people
  };

  // A literal segment beats a parameter, the earlier segment decides; a route that lacks the method is passed over.
  // GET routes serve HEAD.
  std::expected<Found, Missing> find(std::string_view method, std::string_view path) const;

  const std::string& path_template(std::size_t route) const { return templates_[route]; }

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::string> templates_;
};

// Problem details; Allow where there is one.
Response response_to(const Router::Missing&);

}  // namespace leat::http
