#include <cstdint>

#include "bus/bus.h"

namespace leat::bus {
namespace {

std::uint32_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

// Austin Appleby's MurmurHash2, 32 bits, with the seed that Kafka's Java client took.
std::uint32_t murmur2(std::string_view key) {
  constexpr std::uint32_t seed = 0x9747b28c, multiplier = 0x5bd1e995;
  std::uint32_t hash = seed ^ static_cast<std::uint32_t>(key.size());
  std::size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    std::uint32_t word =
        byte_at(key, at) | byte_at(key, at + 1) << 8 | byte_at(key, at + 2) << 16 | byte_at(key, at + 3) << 24;
    word *= multiplier;
    word ^= word >> 24;
    hash = hash * multiplier ^ word * multiplier;
  }
  if (at < key.size()) {
    for (std::size_t i = key.size(); i-- > at;) hash ^= byte_at(key, i) << 8 * (i - at);
    hash *= multiplier;
  }
  hash = (hash ^ hash >> 13) * multiplier;
  return hash ^ hash >> 15;
}

}  // namespace

PartitionIndex partition_of(std::string_view key, std::int32_t partitions) {
  LEAT_ASSERT(partitions >= 1);
  // The Java client clears the sign bit instead of taking the absolute value.
  return PartitionIndex{
      static_cast<std::int32_t>((murmur2(key) & 0x7fffffff) % static_cast<std::uint32_t>(partitions))};
}

}  // namespace leat::bus
