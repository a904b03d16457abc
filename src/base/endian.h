// base/endian.h — integers in bytes. Everything on the wire and in our files is big-endian, as Kafka's formats are.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace leat {

// Requires: sizeof(Int) readable bytes at `p`.
template <std::integral Int>
Int load_be(const char* p) {
  using U = std::make_unsigned_t<Int>;
  U value = 0;
  for (std::size_t i = 0; i < sizeof(Int); ++i) value = static_cast<U>(value << 8 | static_cast<std::uint8_t>(p[i]));
  return static_cast<Int>(value);
}

// Requires: sizeof(Int) writable bytes at `p`.
template <std::integral Int>
void store_be(char* p, Int value) {
  using U = std::make_unsigned_t<Int>;
  U rest = static_cast<U>(value);
  for (std::size_t i = sizeof(Int); i-- > 0; rest = static_cast<U>(rest >> (sizeof(Int) > 1 ? 8 : 0)))
    p[i] = static_cast<char>(rest & 0xff);
}

template <std::integral Int>
void append_be(std::string& out, Int value) {
  char bytes[sizeof(Int)];
  store_be(bytes, value);
  out.append(bytes, sizeof bytes);
}

}  // namespace leat
