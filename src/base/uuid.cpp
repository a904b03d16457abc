#include "base/uuid.h"

#include "base/hex.h"

namespace leat {
namespace {

bool dash_at(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

Uuid stamped(Uuid id, std::uint8_t version) {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | (version << 4));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace

Uuid Uuid::v4(const std::array<std::uint8_t, 16>& random) { return stamped(Uuid{random}, 4); }

Uuid Uuid::v7(std::int64_t unix_ms, const std::array<std::uint8_t, 16>& random) {
  Uuid id{random};
  for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(unix_ms >> (8 * (5 - i)));
  return stamped(id, 7);
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t byte = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (dash_at(i)) {
      if (text[i++] != '-') return std::nullopt;
      continue;
    }
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[byte++] = static_cast<std::uint8_t>(high << 4 | low);
    i += 2;
  }
  return id;
}

std::string Uuid::text() const {
  std::string out;
  out.reserve(36);
  for (const std::uint8_t byte : bytes) {
    if (dash_at(out.size())) out += '-';
    append_hex(out, byte);
  }
  return out;
}

}  // namespace leat
