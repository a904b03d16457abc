#include "http/writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

namespace leat::http {
namespace {

constexpr std::size_t moved_from = 16 << 10;  // bodies from this size on get a chunk of their own
constexpr std::size_t kept_max = 64 << 10;    // an emptied chunk larger than this gives its memory back
constexpr std::size_t idle_max = 2 << 10;     // the same, when nothing is asked for a while

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// Whether one of eight bytes is below 0x20 or above 0x7e; also true for some that are neither, never false for one.
bool may_hold_control(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
  const std::uint64_t below = word - ones * 0x20, above = word + ones;
  return ((below | above | word) & highs) != 0;
}

bool may_hold_control(std::string_view text) {
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    if (may_hold_control(word)) return true;
  }
  word = 0x2020202020202020;
  std::memcpy(&word, text.data(), text.size());
  return may_hold_control(word);
}

void append_without_controls(std::string& out, std::string_view text) {
  const std::size_t begin = out.size();
  out += text;
  if (!may_hold_control(text)) return;
  for (std::size_t i = begin; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) out[i] = ' ';
  }
}

bool is_ours(std::string_view name) {
  switch (name.size()) {
    case 4:
      return same_name(name, "date");
    case 10:
      return same_name(name, "connection") || same_name(name, "keep-alive");
    case 14:
      return same_name(name, "content-length");
    case 17:
      return same_name(name, "transfer-encoding");
    default:
      return false;
  }
}

void append_status_line(std::string& out, int status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(status));
  out += ' ';
  out += reason(status);
  out += "\r\n";
}

// 1xx, 204 and 304 have no body, and no length that a client could wait for (RFC 9110 8.6).
bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

bool has_body(const Response& response, const Framing& framing) {
  return !framing.without_body && status_has_body(response.status) && !response.content_type.empty() &&
         !response.body.empty();
}

void append_header(std::string& out, const Response& response, const Framing& framing, std::string_view date) {
  append_status_line(out, response.status);
  out += "Date: ";
  out += date;
  if (!response.content_type.empty() && status_has_body(response.status)) {
    out += "\r\nContent-Type: ";
    append_without_controls(out, response.content_type);
  }
  if (status_has_body(response.status)) {
    out += "\r\nContent-Length: ";
    append_number(out, response.content_type.empty() ? 0 : response.body.size());
  }
  for (const auto& [name, value] : response.headers.all()) {
    if (is_ours(name)) continue;
    out += "\r\n";
    append_without_controls(out, name);
    out += ": ";
    append_without_controls(out, value);
  }
  if (!framing.keep_alive) {
    out += "\r\nConnection: close";
  } else if (framing.minor_version == 0) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n\r\n";
}

std::string http_date(std::int64_t unix_seconds) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds time{std::chrono::seconds(unix_seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::string& OutQueue::tail() { return chunks_.back(); }

void OutQueue::add_body(std::string&& body) {
  if (body.size() < moved_from) {
    chunks_.back() += body;
    return;
  }
  if (chunks_.back().empty()) chunks_.pop_back();
  chunks_.push_back(std::move(body));
  chunks_.emplace_back();
}

std::size_t OutQueue::held() const {
  std::size_t all = 0;
  for (const std::string& chunk : chunks_) all += chunk.size();
  return all;
}

std::size_t OutQueue::bytes() const { return held() - front_used_; }

std::size_t OutQueue::pieces(std::span<std::string_view> into) const {
  std::size_t count = 0;
  for (const std::string& chunk : chunks_) {
    if (count == into.size() || chunk.empty()) break;
    into[count] = std::string_view(chunk).substr(count == 0 ? front_used_ : 0);
    ++count;
  }
  return count;
}

void OutQueue::consume(std::size_t count) {
  while (count > 0) {
    const std::size_t taken = std::min(count, chunks_.front().size() - front_used_);
    front_used_ += taken;
    count -= taken;
    if (front_used_ < chunks_.front().size()) return;
    front_used_ = 0;
    if (chunks_.size() > 1) {
      chunks_.pop_front();
    } else if (chunks_.front().capacity() > kept_max) {
      std::string().swap(chunks_.front());  // an assignment would keep its memory
    } else {
      chunks_.front().clear();
    }
  }
}

void OutQueue::release() {
  if (empty() && chunks_.front().capacity() > idle_max) std::string().swap(chunks_.front());
}

}  // namespace leat::http
