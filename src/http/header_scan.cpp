#include "http/header_scan.h"

namespace leat::http {
namespace {

// What a request line holds besides its target: the method, two spaces, the version and the line's end.
constexpr std::size_t beside_target_max = 64;

// No request begins so, whatever its method. (A line's end may come first.)
bool is_no_text(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\r' && c != '\n') || static_cast<unsigned char>(c) > '~';
}

}  // namespace

void HeaderScan::restart() { scanned_ = line_begin_ = first_line_ = fields_ = 0; }

std::optional<Refusal> HeaderScan::check_line(std::string_view unread, std::size_t line_feed) const {
  if (line_feed == 0 || unread[line_feed - 1] != '\r') return Refusal{400, "a line ends without carriage return"};
  const char first = unread[line_begin_];
  if (first == ' ' || first == '\t') return Refusal{400, "a line begins with a blank: folded fields are not read"};
  return std::nullopt;
}

std::optional<Refusal> HeaderScan::check_sizes(std::size_t seen) const {
  if (first_line_ == 0) {
    if (seen <= limits_.target_bytes + beside_target_max) return std::nullopt;
    return Refusal{414, "the request line is longer than this server reads", Limit::target_bytes};
  }
  if (fields_ > limits_.header_fields) return Refusal{431, "too many header fields", Limit::header_fields};
  if (seen - first_line_ <= limits_.header_bytes) return std::nullopt;
  return Refusal{431, "the header is larger than this server reads", Limit::header_bytes};
}

std::expected<std::size_t, Refusal> HeaderScan::find_end(std::string_view unread) {
  // Said at once: a client that speaks TLS waits for an answer and will never send the end of a line.
  if (scanned_ == 0 && !unread.empty() && is_no_text(unread[0]))
    return std::unexpected(Refusal{400, "this is not HTTP/1.1; is it TLS? This listener does not speak TLS"});
  for (;;) {
    const std::size_t line_feed = unread.find('\n', scanned_);
    if (line_feed == std::string_view::npos) {
      scanned_ = unread.size();
      if (auto refusal = check_sizes(unread.size())) return std::unexpected(*refusal);
      return 0;
    }
    if (auto refusal = check_line(unread, line_feed)) return std::unexpected(*refusal);
    scanned_ = line_feed + 1;
    const bool blank = line_feed == line_begin_ + 1;
    line_begin_ = scanned_;
    if (first_line_ != 0 && !blank) ++fields_;
    if (auto refusal = check_sizes(scanned_)) return std::unexpected(*refusal);
    if (blank) return scanned_;
    if (first_line_ == 0) first_line_ = scanned_;
  }
}

}  // namespace leat::http
