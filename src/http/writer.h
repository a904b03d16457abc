// http/writer.h — responses to bytes, and the queue of bytes that wait for the socket.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "http/http.h"

namespace leat::http {

// What the connection, not the handler, decides about an answer.
struct Framing {
  bool keep_alive = true;
  bool without_body = false;  // the answer to HEAD
  int minor_version = 1;      // of the request
};

// Appends status line and header. Framing fields (Connection, Content-Length, Transfer-Encoding, Date) are ours alone:
// a handler's are dropped. Control characters in a handler's values become blanks, so no value can add a line.
void append_header(std::string& out, const Response&, const Framing&, std::string_view date);

// Whether this answer's body goes onto the wire.
bool has_body(const Response&, const Framing&);

// "Sat, 21 Nov 2026 23:51:24 GMT"
std::string http_date(std::int64_t unix_seconds);

// Bytes in order. Small ones share a chunk, so that many answers become one write; large bodies are moved, not copied.
class OutQueue {
 public:
  // Where to append what comes next. Valid until the next call.
  std::string& tail();
  void add_body(std::string&& body);

  bool empty() const { return bytes() == 0; }
  std::size_t bytes() const;
  std::size_t held() const;  // bytes() and what is sent of a chunk whose rest is not
  // The first pieces, at most `into.size()`; says how many.
  std::size_t pieces(std::span<std::string_view> into) const;
  void consume(std::size_t count);
  void release();  // what an empty one keeps for the next answer

 private:
  std::deque<std::string> chunks_ = std::deque<std::string>(1);  // never empty; the last one may grow
  std::size_t front_used_ = 0;                                   // bytes of the first chunk that are gone
};

}  // namespace leat::http
