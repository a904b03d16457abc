#include "http/header_rules.h"

#include <algorithm>

namespace leat::http {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~:[]").contains(c);
}

bool is_host(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_host_character); }

bool is_target_character(char c) { return c > ' ' && c < '\x7f' && c != '#' && c != '\\'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A client may not have a field dropped on the way that later decides who it is or where its body ends.
bool names_a_vital_field(std::string_view connection) {
  for (std::size_t begin = 0; begin <= connection.size();) {
    const std::size_t end = std::min(connection.find(',', begin), connection.size());
    const std::string_view token = trimmed(connection.substr(begin, end - begin));
    for (const char* vital : {"host", "content-length", "transfer-encoding", "authorization", "expect", "cookie"}) {
      if (same_name(token, vital)) return true;
    }
    begin = end + 1;
  }
  return false;
}

std::optional<Refusal> check_origin_form(std::string_view target) {
  if (!target.starts_with('/')) return Refusal{400, "the target does not begin with '/'"};
  if (std::ranges::all_of(target, is_target_character)) return std::nullopt;
  return Refusal{400, "the target holds a character that must be percent-encoded"};
}

// "http://host/path" becomes "/path". Requires: `target` does not begin with '/'.
std::optional<Refusal> to_origin_form(std::string& target, std::string_view host) {
  constexpr std::string_view scheme = "http://";
  if (!same_name(std::string_view(target).substr(0, scheme.size()), scheme)) {
    return Refusal{400, "the target is neither a path nor an http address"};
  }
  const std::size_t end = std::min(target.find_first_of("/?", scheme.size()), target.size());
  if (!same_name(std::string_view(target).substr(scheme.size(), end - scheme.size()), host)) {
    return Refusal{400, "the target and Host name different servers"};
  }
  target.erase(0, end);
  if (!target.starts_with('/')) target.insert(0, 1, '/');
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> HeaderRules::field(FieldKind kind, std::string_view value) {
  switch (kind) {
    case FieldKind::other:
      return std::nullopt;
    case FieldKind::host:
      if (++hosts_ > 1) return Refusal{400, "Host appears twice"};
      if (!is_host(value)) return Refusal{400, "Host is no host name"};
      return std::nullopt;
    case FieldKind::content_length:
      if (++lengths_ > 1) return Refusal{400, "Content-Length appears twice"};
      if (!is_digits(value)) return Refusal{400, "Content-Length is no number"};
      return std::nullopt;
    case FieldKind::transfer_encoding:
      if (++encodings_ > 1) return Refusal{400, "Transfer-Encoding appears twice"};
      if (!same_name(value, "chunked")) return Refusal{501, "the only transfer coding this server reads is chunked"};
      return std::nullopt;
    case FieldKind::connection:
      if (names_a_vital_field(value)) return Refusal{400, "Connection names a field that must not be dropped"};
      return std::nullopt;
    case FieldKind::expect:
      if (!same_name(value, "100-continue"))
        return Refusal{417, "the only expectation this server meets is 100-continue"};
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Refusal> HeaderRules::header(RequestParser::Parsed& request) const {
  if (lengths_ > 0 && encodings_ > 0) return Refusal{400, "Content-Length and Transfer-Encoding exclude each other"};
  if (encodings_ > 0 && request.minor_version == 0) return Refusal{400, "HTTP/1.0 knows no Transfer-Encoding"};
  if (hosts_ == 0 && request.minor_version > 0) return Refusal{400, "Host is missing"};
  if (request.method == "CONNECT") return Refusal{501, "this server is no proxy"};
  if (request.target == "*" && request.method == "OPTIONS") return std::nullopt;
  if (!request.target.starts_with('/')) {
    if (auto refusal = to_origin_form(request.target, request.headers.get("host").value_or(""))) return refusal;
  }
  return check_origin_form(request.target);
}

}  // namespace leat::http
