// http/parser.h — bytes to messages, strictly. Pure: no socket, no clock. Boost.Beast lies behind it, in parser.cpp
// only.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/http.h"
#include "http/limits.h"

namespace leat::http {

// Why a request is not taken. The connection answers it and closes: what follows cannot be told apart from an attack.
struct Refusal {
  int status;
  std::string_view why;  // a constant
  std::optional<Limit> limit = std::nullopt;
};

// One message out of a stream of bytes. How the bytes are cut into pieces never changes what comes out.
class RequestParser {
 public:
  struct Parsed {
    std::string method;
    std::string target;  // origin form (or "*"), also when it was sent in absolute form
    Headers headers;
    std::string body;
    int minor_version = 1;
    bool keep_alive = true;
  };

  explicit RequestParser(const Limits&);
  ~RequestParser();

  // Takes bytes from the front of `unread` and says how many. 0: there must be more before anything can be taken; then
  // the next call gets the same bytes and some more. Requires: not done(), and no refusal before.
  std::expected<std::size_t, Refusal> feed(std::string_view unread);

  bool begun() const;  // a byte of a message was seen
  bool header_done() const;
  bool done() const;
  std::size_t body_bound() const;  // Requires: header_done(). What the body cannot outgrow
  bool wants_continue() const;     // the client waits for "100 Continue" before it sends the body
  void drop_body();                // frees what has come of it; nothing may be fed any more
  Parsed take();                   // Requires: done(). Afterwards ready for the next message.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The client's side: one response. Requires of the peer only what RFC 9112 does.
class ResponseParser {
 public:
  struct Parsed {
    int status = 0;
    Headers headers;
    std::string body;
    bool keep_alive = false;
  };

  // `head`: the answer to a HEAD request, which has no body whatever it says.
  explicit ResponseParser(bool head, std::size_t body_bytes_max = 64 << 20);
  ~ResponseParser();

  Result<std::size_t> feed(std::string_view unread);  // as above
  Result<> end();                                     // the peer closed
  bool done() const;
  Parsed take();  // Requires: done(); the end of this parser.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leat::http
