#include "http/body_reader.h"

#include <algorithm>
#include <charconv>

namespace leat::http {
namespace {

constexpr Refusal too_large{413, "the body is larger than the limit body_bytes, 1 MiB unless set otherwise",
                            Limit::body_bytes};
constexpr Refusal malformed{400, "a chunk of the body is malformed"};
constexpr std::size_t reserve_max = 1 << 20;    // a claimed size reserves no more before its bytes have come
constexpr std::ptrdiff_t size_digits_max = 15;  // fits 64 bits, whatever the digits

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

}  // namespace

std::optional<Refusal> BodyReader::begin(Framing framing, std::uint64_t length, std::size_t bytes_max,
                                         std::size_t line_bytes_max) {
  bytes_max_ = bytes_max;
  line_bytes_max_ = line_bytes_max;
  trailer_bytes_ = 0;
  left_ = length;
  bound_ =
      framing == Framing::length ? static_cast<std::size_t>(std::min<std::uint64_t>(length, bytes_max)) : bytes_max;
  switch (framing) {
    case Framing::none:
      bound_ = 0;
      state_ = State::done;
      return std::nullopt;
    case Framing::chunked:
      state_ = State::chunk_size;
      return std::nullopt;
    case Framing::until_end:
      state_ = State::until_end;
      return std::nullopt;
    case Framing::length:
      if (length > bytes_max) return too_large;
      state_ = length == 0 ? State::done : State::data;
      return std::nullopt;
  }
  return std::nullopt;
}

std::expected<std::size_t, Refusal> BodyReader::feed(std::string_view unread, std::string& body) {
  const std::size_t offered = unread.size();
  while (!done() && !unread.empty()) {
    if (state_ == State::data || state_ == State::chunk_data || state_ == State::until_end) {
      if (state_ == State::until_end && body.size() + unread.size() > bytes_max_) return std::unexpected(too_large);
      unread.remove_prefix(take_data(unread, body));
      continue;
    }
    const auto line = take_line(unread);
    if (!line) return std::unexpected(line.error());
    if (line->data() == nullptr) break;
    if (auto refusal = take(*line, body.size())) return std::unexpected(*refusal);
    unread.remove_prefix(line->size() + 2);
  }
  return offered - unread.size();
}

std::size_t BodyReader::take_data(std::string_view unread, std::string& body) {
  if (state_ == State::until_end) {
    body += unread;
    return unread.size();
  }
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, unread.size()));
  make_room(body, count);
  body += unread.substr(0, count);
  left_ -= count;
  if (left_ == 0) state_ = state_ == State::data ? State::done : State::chunk_end;
  return count;
}

// A body of known length gets one piece of memory; another grows by doubling, but never beyond its bound.
void BodyReader::make_room(std::string& body, std::size_t count) const {
  const std::size_t needed = body.size() + count;
  if (needed <= body.capacity()) return;
  const std::size_t known = state_ == State::data ? std::min<std::size_t>(left_, reserve_max) : 0;
  body.reserve(std::max({needed, known, std::min(body.capacity() * 2, bytes_max_)}));
}

// The next line without its end; a null view while the end has not come.
std::expected<std::string_view, Refusal> BodyReader::take_line(std::string_view unread) const {
  const std::size_t line_feed = unread.find('\n');
  if (std::min(line_feed, unread.size()) > line_bytes_max_) {
    return std::unexpected(
        Refusal{431, "a line between the chunks is longer than this server reads", Limit::header_bytes});
  }
  if (line_feed == std::string_view::npos) return std::string_view();
  if (line_feed == 0 || unread[line_feed - 1] != '\r') return std::unexpected(malformed);
  const std::string_view line = unread.substr(0, line_feed - 1);
  if (has_control(line)) return std::unexpected(malformed);
  return line;
}

std::optional<Refusal> BodyReader::take(std::string_view line, std::size_t body_bytes) {
  if (state_ == State::chunk_size) return take_chunk_size(line, body_bytes);
  if (state_ == State::trailers) return take_trailer(line);
  if (!line.empty()) return malformed;  // a chunk longer than it said
  state_ = State::chunk_size;
  return std::nullopt;
}

// chunk-size [ chunk-ext ]: what stands behind the semicolon is nobody's business.
std::optional<Refusal> BodyReader::take_chunk_size(std::string_view line, std::size_t body_bytes) {
  std::uint64_t size = 0;
  const char* const begin = line.data();
  const auto [end, failure] = std::from_chars(begin, begin + line.size(), size, 16);
  if (failure != std::errc() || end - begin > size_digits_max) return malformed;
  const std::string_view rest = line.substr(static_cast<std::size_t>(end - begin));
  if (!rest.empty() && rest.front() != ';') return malformed;
  if (size > bytes_max_ - std::min(body_bytes, bytes_max_)) return too_large;
  left_ = size;
  state_ = size == 0 ? State::trailers : State::chunk_data;
  return std::nullopt;
}

// Nobody asked for trailers: they are read and dropped.
std::optional<Refusal> BodyReader::take_trailer(std::string_view line) {
  if (line.empty()) state_ = State::done;
  trailer_bytes_ += line.size() + 2;
  if (trailer_bytes_ <= line_bytes_max_) return std::nullopt;
  return Refusal{431, "the trailers are larger than this server reads", Limit::header_bytes};
}

bool BodyReader::end() {
  if (state_ == State::until_end) state_ = State::done;
  return done();
}

}  // namespace leat::http
