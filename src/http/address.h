// http/address.h — "127.0.0.1:8080", "[::1]:8080", "localhost:0".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace leat::http {

struct Address {
  std::string host;  // an IP address without brackets, or "localhost"
  std::uint16_t port = 0;

  bool is_loopback() const;
  std::string text() const;  // with brackets where they are needed
};

// Code::invalid with what would be right. Names other than localhost are not looked up.
Result<Address> parse_address(std::string_view text);

}  // namespace leat::http
