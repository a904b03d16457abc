#include "gateway/foreign_page.h"

namespace leat::gateway {
namespace {

// "https://social.example:8443" -> "social.example:8443"; "null" stays.
std::string_view without_scheme(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
}

// The port that a scheme implies may stand in one of the two and not in the other.
std::string_view without_usual_port(std::string_view host, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  return host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host;
}

bool names_another_host(std::string_view origin, std::string_view host) {
  const auto scheme = origin.substr(0, origin.find("://"));
  return !http::same_name(without_usual_port(without_scheme(origin), scheme), without_usual_port(host, scheme));
}

}  // namespace

bool is_from_foreign_page(const http::Request& request) {
  const auto site = request.headers.get("sec-fetch-site");
  if (site && (*site == "same-origin" || *site == "none")) return false;
  if (site && *site == "cross-site") return true;
  const auto origin = request.headers.get("origin");
  return origin && names_another_host(*origin, request.headers.get("host").value_or(""));
}

}  // namespace leat::gateway
