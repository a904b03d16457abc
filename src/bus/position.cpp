#include "bus/position.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace leat::bus {
namespace {

constexpr std::size_t id_chars = 22;  // 128 bits in characters of 6 bits
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void append_id(std::string& out, const Uuid& id) {
  unsigned bits = 0;
  int held = 0;
  for (const std::uint8_t byte : id.bytes) {
    bits = (bits << 8 | byte) & 0xffffu;
    held += 8;
    for (; held >= 6; held -= 6) out += alphabet[bits >> (held - 6) & 63];
  }
  out += alphabet[bits << (6 - held) & 63];
}

// Walks the text once; every failure knows where it stands.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Position>> all() {
    std::vector<Position> out;
    if (text_.empty()) return out;
    do {
      if (out.size() == positions_max) return wrong(fmt::format("at most {} positions", positions_max));
      LEAT_TRY(auto position, out.empty() ? whole() : after(out.back()));
      out.push_back(position);
    } while (take(','));
    if (at_ != text_.size()) return wrong("expected ',' or the end");
    return out;
  }

 private:
  Result<Position> whole() {
    Position position;
    LEAT_TRY(position.bus, id("bus id"));
    LEAT_CHECK(dot());
    LEAT_TRY(position.topic.value, id("topic id"));
    LEAT_CHECK(dot());
    LEAT_CHECK(partition_and_epoch(position));
    LEAT_CHECK(next(position));
    return position;
  }

  // What is left out is as in the position before.
  Result<Position> after(const Position& before) {
    const auto item = text_.substr(at_, text_.find(',', at_) - at_);
    const auto dots = std::ranges::count(item, '.');
    if (dots != 0 && dots != 2) return whole();
    Position position = before;
    if (dots == 2) {
      LEAT_CHECK(partition_and_epoch(position));
    } else if (position.partition.value == std::numeric_limits<std::int32_t>::max()) {
      return wrong("there is no partition after the last");
    } else {
      ++position.partition.value;
    }
    LEAT_CHECK(next(position));
    return position;
  }

  Result<> partition_and_epoch(Position& position) {
    LEAT_TRY(position.partition.value, number<std::int32_t>("partition", 0));
    LEAT_CHECK(dot());
    LEAT_TRY(position.epoch.value, number<std::int32_t>("epoch", -1));
    return dot();
  }

  Result<> next(Position& position) {
    LEAT_TRY(position.next.value, number<std::int64_t>("offset", start_of_log.value));
    // Of the negative offsets only start_of_log means something.
    if (position.next.value == -1) return wrong("the offset is -1");
    return {};
  }

  Result<Uuid> id(std::string_view what) {
    Uuid out;
    unsigned bits = 0;
    int held = 0;
    std::size_t byte = 0;
    for (std::size_t i = 0; i < id_chars; ++i, ++at_) {
      const auto value = at_ < text_.size() ? alphabet.find(text_[at_]) : std::string_view::npos;
      if (value == std::string_view::npos) return wrong(fmt::format("expected a {} of 22 base64url characters", what));
      // Bits past the 128th are zero, so that one id has one spelling.
      if (i + 1 == id_chars && (value & 15) != 0) return wrong(fmt::format("the {} does not end in zero bits", what));
      bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffffu;
      held += 6;
      if (held < 8 || byte == out.bytes.size()) continue;
      held -= 8;
      out.bytes[byte++] = static_cast<std::uint8_t>(bits >> held);
    }
    return out;
  }

  // Decimal without sign, but for '-', and without leading zeros: one number has one spelling.
  template <class Int>
  Result<Int> number(std::string_view what, Int least) {
    const std::size_t begin = at_;
    Int value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    const std::string_view digits(text_.data() + begin, end);
    const bool padded = (digits.size() > 1 && digits[0] == '0') || digits.starts_with("-0");
    if (error != std::errc{} || padded || value < least)
      return wrong(
          fmt::format("expected the {}, a number from {} to {}", what, least, std::numeric_limits<Int>::max()));
    at_ = begin + digits.size();
    return value;
  }

  Result<> dot() {
    if (!take('.')) return wrong("expected '.'");
    return {};
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::invalid, fmt::format("position text at offset {}: {}", at_, what));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string to_text(const std::vector<Position>& positions) {
  std::string out;
  const Position* before = nullptr;
  for (const Position& position : positions) {
    if (before) out += ',';
    const bool same_topic = before && position.bus == before->bus && position.topic == before->topic;
    const bool follows = same_topic && position.epoch == before->epoch &&
                         position.partition.value - std::int64_t{1} == before->partition.value;
    if (!same_topic) {
      append_id(out, position.bus);
      out += '.';
      append_id(out, position.topic.value);
      out += '.';
    }
    if (!follows) fmt::format_to(std::back_inserter(out), "{}.{}.", position.partition.value, position.epoch.value);
    fmt::format_to(std::back_inserter(out), "{}", position.next.value);
    before = &position;
  }
  return out;
}

Result<std::vector<Position>> parse_positions(std::string_view text) { return Parser(text).all(); }

}  // namespace leat::bus
