#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace leat {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

constexpr auto table = [] {
  std::array<std::uint32_t, 256> t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = c & 1 ? polynomial ^ (c >> 1) : c >> 1;
    t[i] = c;
  }
  return t;
}();

std::uint32_t portable(std::uint32_t crc, const char* p, std::size_t n) {
  for (; n > 0; --n, ++p) crc = table[(crc ^ static_cast<std::uint8_t>(*p)) & 0xff] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)
// The instruction takes 8 bytes and gives its sum three cycles later, but can begin anew every cycle: so three lanes,
// side by side, summed apart and put together.
constexpr std::size_t lane_bytes = 256;

// What lane_bytes zeros make of a sum, by each of its four bytes: the step is linear, so the four are put together by
// exclusive or.
constexpr auto over_a_lane = [] {
  std::array<std::array<std::uint32_t, 256>, 4> t{};
  for (unsigned bit = 0; bit < 32; ++bit) {
    std::uint32_t crc = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < lane_bytes; ++i) crc = table[crc & 0xff] ^ (crc >> 8);
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (byte >> bit % 8 & 1) t[bit / 8][byte] ^= crc;
    }
  }
  return t;
}();

std::uint64_t skip_lane(std::uint64_t crc) {
  return over_a_lane[0][crc & 0xff] ^ over_a_lane[1][crc >> 8 & 0xff] ^ over_a_lane[2][crc >> 16 & 0xff] ^
         over_a_lane[3][crc >> 24 & 0xff];
}

std::uint64_t word_at(const char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint64_t three_lanes(std::uint64_t first, const char* p) {
  std::uint64_t second = 0, third = 0;
  for (const char* const end = p + lane_bytes; p < end; p += 8) {
    first = _mm_crc32_u64(first, word_at(p));
    second = _mm_crc32_u64(second, word_at(p + lane_bytes));
    third = _mm_crc32_u64(third, word_at(p + 2 * lane_bytes));
  }
  return skip_lane(skip_lane(first) ^ second) ^ third;
}

__attribute__((target("sse4.2"))) std::uint32_t hardware(std::uint32_t crc, const char* p, std::size_t n) {
  std::uint64_t wide = crc;
  for (; n >= 3 * lane_bytes; n -= 3 * lane_bytes, p += 3 * lane_bytes) wide = three_lanes(wide, p);
  for (; n >= 8; n -= 8, p += 8) wide = _mm_crc32_u64(wide, word_at(p));
  crc = static_cast<std::uint32_t>(wide);
  for (; n > 0; --n, ++p) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(*p));
  return crc;
}
#endif

using Update = std::uint32_t (*)(std::uint32_t, const char*, std::size_t);

Update fastest() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return hardware;
#endif
  return portable;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t so_far) {
  static const Update update = fastest();
  return ~update(~so_far, bytes.data(), bytes.size());
}

}  // namespace leat
