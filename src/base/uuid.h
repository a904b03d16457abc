// base/uuid.h — 128-bit ids. Topic and bus ids are random (version 4); event ids carry their time (version 7, RFC
// 9562).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace leat {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;

  // From 16 random bytes; sets version and variant.
  static Uuid v4(const std::array<std::uint8_t, 16>& random);
  // Sorts by time: 48 bits of Unix milliseconds, then `random`.
  static Uuid v7(std::int64_t unix_ms, const std::array<std::uint8_t, 16>& random);
  // Accepts the 36-character form only, either case.
  static std::optional<Uuid> parse(std::string_view text);

  std::string text() const;  // 8-4-4-4-12, lower case
  bool is_nil() const { return *this == Uuid{}; }
};

struct TopicId {
  Uuid value;
  auto operator<=>(const TopicId&) const = default;
};

}  // namespace leat

template <>
struct std::hash<leat::Uuid> {
  std::size_t operator()(const leat::Uuid& id) const noexcept {
    std::uint64_t low;
    std::memcpy(&low, id.bytes.data() + 8, 8);
    return std::hash<std::uint64_t>{}(low);
  }
};
template <>
struct std::hash<leat::TopicId> {
  std::size_t operator()(const leat::TopicId& id) const noexcept { return std::hash<leat::Uuid>{}(id.value); }
};
