// base/hex.h — bytes as pairs of hexadecimal digits in small letters.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace leat {

// The digit's value; -1 when it is none. Takes either case.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

inline void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::size_t at = out.size();
  out.resize(at + 2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    out[at++] = digits[byte >> 4];
    out[at++] = digits[byte & 15];
  }
}

inline void append_hex(std::string& out, std::uint8_t byte) { append_hex(out, std::span(&byte, 1)); }

}  // namespace leat
