#include "http/router.h"

#include <algorithm>
#include <deque>
#include <optional>

#include <boost/container/small_vector.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "http/percent.h"

namespace leat::http {
namespace {

// Paths are short: their segments stay on the stack.
using Segments = boost::container::small_vector<std::string_view, 16>;

// "/a/b" -> a, b. "/" -> nothing. Requires: `path` begins with '/'.
Segments segments_of(std::string_view path) {
  Segments out;
  path.remove_prefix(1);
  if (path.empty()) return out;
  for (;;) {
    const std::size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

std::optional<std::string_view> template_fault(std::string_view path_template) {
  if (!path_template.starts_with('/')) return "it does not begin with '/'";
  for (const std::string_view segment : segments_of(path_template)) {
    if (segment.empty()) return "it has an empty segment";
    const std::string_view inner = is_parameter(segment) ? segment.substr(1, segment.size() - 2) : segment;
    if (inner.empty()) return "a parameter has no name";
    if (inner.find_first_of("{}") != std::string_view::npos) return "a parameter must be a whole segment, as in /{id}";
  }
  return std::nullopt;
}

std::optional<std::string_view> segment_fault(std::string_view segment) {
  if (segment == "." || segment == "..") return "the path has a dot segment";
  if (segment.find_first_of("/\\") != std::string_view::npos) return "the path has an encoded slash";
  return std::nullopt;
}

// Nothing to decode and nothing to refuse but a dot segment: true of nearly every path.
bool is_plain(std::string_view path) {
  return std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7f && c != '%' && c != '\\'; });
}

// The segments, decoded once. They point into the path or into `decoded`.
struct Path {
  Segments segments;
  std::deque<std::string> decoded;
};

// A slash at the very end leaves an empty last segment, which no route has: that is 404, not 400.
Result<> decode_path(std::string_view path, Path& into) {
  if (!path.starts_with('/')) return fail(Code::invalid, "the path does not begin with '/'");
  into.segments = segments_of(path);
  const bool plain = is_plain(path);
  for (auto& segment : into.segments) {
    if (segment.empty() && &segment != &into.segments.back())
      return fail(Code::invalid, "the path has an empty segment");
    if (!plain) {
      LEAT_TRY(auto text, percent_decode(segment));
      segment = into.decoded.emplace_back(std::move(text));
    }
    if (auto fault = segment_fault(segment)) return fail(Code::invalid, std::string(*fault));
  }
  return {};
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::map<std::string, std::size_t, std::less<>> routes;  // by method

  Node& child(std::string_view segment) {
    if (is_parameter(segment)) {
      if (!parameter) parameter = std::make_unique<Node>();
      return *parameter;
    }
    auto& node = literals[std::string(segment)];
    if (!node) node = std::make_unique<Node>();
    return *node;
  }

  std::optional<std::size_t> route(std::string_view method) const {
    if (auto found = routes.find(method); found != routes.end()) return found->second;
    if (method != "HEAD") return std::nullopt;
    auto found = routes.find("GET");
    return found == routes.end() ? std::nullopt : std::optional(found->second);
  }

  // `taken` collects the segments that stand for parameters, `allowed` the methods that the path has where it lacks
  // this one.
  std::optional<std::size_t> find(std::string_view method, const Segments& path, std::size_t depth, Segments& taken,
                                  std::set<std::string_view>& allowed) const {
    if (depth == path.size()) {
      if (auto found = route(method)) return found;
      for (const auto& [each, number] : routes) allowed.insert(each);
      return std::nullopt;
    }
    if (auto literal = literals.find(path[depth]); literal != literals.end()) {
      if (auto found = literal->second->find(method, path, depth + 1, taken, allowed)) return found;
    }
    if (!parameter || path[depth].empty()) return std::nullopt;
    taken.push_back(path[depth]);
    if (auto found = parameter->find(method, path, depth + 1, taken, allowed)) return found;
    taken.pop_back();
    return std::nullopt;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

Result<std::size_t> Router::add(std::string_view method, std::string_view path_template) {
  if (auto fault = template_fault(path_template)) {
    return fail(Code::invalid, fmt::format("'{}' is no path: {}", path_template, *fault));
  }
  Node* node = root_.get();
  for (const std::string_view segment : segments_of(path_template)) node = &node->child(segment);
  const auto [place, fresh] = node->routes.try_emplace(std::string(method), templates_.size());
  if (!fresh) {
    return fail(Code::conflict, fmt::format("{} {} answers the same requests as {} {}", method, path_template, method,
                                            templates_[place->second]));
  }
  templates_.emplace_back(path_template);
  return templates_.size() - 1;
}

std::expected<Router::Found, Router::Missing> Router::find(std::string_view method, std::string_view path) const {
  Path decoded;
  if (auto whole = decode_path(path, decoded); !whole) return std::unexpected(Missing{400, {}, whole.error().what});
  Segments taken;
  std::set<std::string_view> allowed;
  if (auto route = root_->find(method, decoded.segments, 0, taken, allowed)) {
    return Found{*route, {taken.begin(), taken.end()}};
  }
  if (allowed.empty()) return std::unexpected(Missing{404, {}, fmt::format("Nothing answers {}.", path)});
  if (allowed.contains("GET")) allowed.insert("HEAD");
  allowed.insert("OPTIONS");
  const auto allow = fmt::format("{}", fmt::join(allowed, ", "));
  return std::unexpected(Missing{method == "OPTIONS" ? 204 : 405, allow,
                                 fmt::format("{} does not answer {}, but {}.", path, method, allow)});
}

Response response_to(const Router::Missing& why) {
  Response response = why.status == 204 ? Response{.status = 204} : problem(why.status, reason(why.status), why.detail);
  if (!why.allow.empty()) response.headers.add("Allow", why.allow);
  return response;
}

}  // namespace leat::http
