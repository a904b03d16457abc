#include "http/address.h"

#include <charconv>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace leat::http {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_ip(int family, const std::string& host) {
  in6_addr ignored;
  return ::inet_pton(family, host.c_str(), &ignored) == 1;
}

}  // namespace

bool Address::is_loopback() const { return host == "localhost" || host == "::1" || host.starts_with("127."); }

std::string Address::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Result<Address> parse_address(std::string_view text) {
  const auto wrong = [text](std::string_view why) {
    return fail(Code::invalid, fmt::format("'{}' is no address: {}; write 127.0.0.1:8080 or [::1]:8080", text, why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("the port is missing");
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return wrong("the port is no number from 0 to 65535");

  std::string host(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_ip(AF_INET6, host)) return wrong("the part in brackets is no IPv6 address");
  } else if (host != "localhost" && !is_ip(AF_INET, host)) {
    return wrong("the host is neither an IP address nor localhost");
  }
  return Address{std::move(host), *port};
}

}  // namespace leat::http
