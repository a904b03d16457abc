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
// One dependent chain: 8 bytes each three cycles, about 10 GB/s, far above what a disk takes.
__attribute__((target("sse4.2"))) std::uint32_t hardware(std::uint32_t crc, const char* p, std::size_t n) {
  std::uint64_t wide = crc;
  for (; n >= 8; n -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    wide = _mm_crc32_u64(wide, word);
  }
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
