// base/crc32c.h — CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of Kafka batches and of our own formats.
#pragma once

#include <cstdint>
#include <string_view>

namespace leat {

// The checksum of `bytes`, or of all that gave `so_far` followed by `bytes`. Uses the processor's instruction where it
// has one.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t so_far = 0);

}  // namespace leat
