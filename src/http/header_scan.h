// http/header_scan.h — finds the end of a message's header and refuses, on the way, the line endings that two servers
// in a row could read differently.
#pragma once

#include <expected>
#include <string_view>

#include "http/parser.h"

namespace leat::http {

// Looks at each byte once, however the header is cut into pieces.
class HeaderScan {
 public:
  explicit HeaderScan(const Limits& limits) : limits_(limits) {}

  // The header's size with its blank line, or 0 while that has not come. `unread` begins at the message's first byte
  // and only grows between calls.
  std::expected<std::size_t, Refusal> find_end(std::string_view unread);
  void restart();

 private:
  std::optional<Refusal> check_line(std::string_view unread, std::size_t line_feed) const;
  std::optional<Refusal> check_sizes(std::size_t seen) const;

  const Limits& limits_;
  std::size_t scanned_ = 0;
  std::size_t line_begin_ = 0;
  std::size_t first_line_ = 0;  // size of the request line, once it is complete
  std::size_t fields_ = 0;
};

}  // namespace leat::http
