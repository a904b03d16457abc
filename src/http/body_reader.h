// http/body_reader.h — where a message's body ends. Ours and not Beast's: its chunk parser asserts on bytes that a
// client can send, and an assertion of ours ends the program.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "http/parser.h"

namespace leat::http {

class BodyReader {
 public:
  enum class Framing { none, length, chunked, until_end };

  // Refused: a length beyond `bytes_max`.
  std::optional<Refusal> begin(Framing, std::uint64_t length, std::size_t bytes_max, std::size_t line_bytes_max);

  // Appends what it takes to `body`. Says how many bytes of `unread` it used; 0: there must be more first.
  std::expected<std::size_t, Refusal> feed(std::string_view unread, std::string& body);
  bool done() const { return state_ == State::done; }
  std::size_t bound() const { return bound_; }  // that the body begun with cannot outgrow
  bool end();                                   // the peer closed: whether the body is complete

 private:
  enum class State { data, chunk_size, chunk_data, chunk_end, trailers, until_end, done };

  std::size_t take_data(std::string_view unread, std::string& body);
  void make_room(std::string& body, std::size_t count) const;
  std::expected<std::string_view, Refusal> take_line(std::string_view unread) const;
  std::optional<Refusal> take_chunk_size(std::string_view line, std::size_t body_bytes);
  std::optional<Refusal> take_trailer(std::string_view line);
  std::optional<Refusal> take(std::string_view line, std::size_t body_bytes);

  State state_ = State::done;
  std::uint64_t left_ = 0;  // of the body, or of this chunk
  std::size_t bytes_max_ = 0, line_bytes_max_ = 0, bound_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace leat::http
