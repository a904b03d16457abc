#include <cstdint>
#include <cstring>

#include "base/json.h"

namespace leat {
namespace {

// What the first byte of a character says: how many follow, and the range of the first that does (RFC 3629 section 4).
struct Lead {
  int following;  // -1: cannot begin a character
  std::uint8_t low = 0x80, high = 0xbf;
};

Lead lead(std::uint8_t byte) {
  if (byte < 0x80) return {0};
  if (byte < 0xc2) return {-1};  // a following byte, or an overlong form of ASCII
  if (byte < 0xe0) return {1};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};  // beyond are surrogates
  if (byte < 0xf0) return {2};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte < 0xf4) return {3};
  if (byte == 0xf4) return {3, 0x80, 0x8f};  // up to U+10FFFF
  return {-1};
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto* const end = p + text.size();
  while (p < end) {
    if (std::uint64_t word; end - p >= 8) {
      std::memcpy(&word, p, 8);
      if ((word & 0x8080808080808080) == 0) {
        p += 8;
        continue;
      }
    }
    const Lead first = lead(*p++);
    if (first.following < 0 || end - p < first.following) return false;
    for (int i = 0; i < first.following; ++i, ++p) {
      if (*p < (i == 0 ? first.low : 0x80) || *p > (i == 0 ? first.high : 0xbf)) return false;
    }
  }
  return true;
}

}  // namespace leat
