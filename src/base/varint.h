// base/varint.h — Kafka's variable-length integers: LEB128, zigzag for the signed ones.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leat {

void append_uvarint(std::string& out, std::uint64_t value);

inline void append_varint(std::string& out, std::int64_t value) {
  append_uvarint(out, static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

inline constexpr std::size_t varint_bytes_max = 10;

// What append_varint appends.
inline std::size_t varint_bytes(std::int64_t value) {
  const auto zigzag = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
  return (static_cast<std::size_t>(std::bit_width(zigzag | 1)) + 6) / 7;
}

// Takes a number off the front of `in`. Nothing, and `in` as it was, when `in` ends too early or the number does not
// fit 64 bits.
std::optional<std::uint64_t> take_uvarint(std::string_view& in);
std::optional<std::int64_t> take_varint(std::string_view& in);

}  // namespace leat
