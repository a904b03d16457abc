// log/batch_layout.h — where the fields of a RecordBatch v2 stand. For code that reads or changes a batch in place.
#pragma once

#include <cstddef>
#include <string_view>

#include "log/record_batch.h"

namespace leat::log {

namespace batch_layout {
inline constexpr std::size_t base_offset = 0;
inline constexpr std::size_t length = 8;
inline constexpr std::size_t leader_epoch = 12;
inline constexpr std::size_t magic = 16;
inline constexpr std::size_t crc = 17;
inline constexpr std::size_t attributes = 21;  // the CRC covers everything from here
inline constexpr std::size_t last_offset_delta = 23;
inline constexpr std::size_t base_timestamp = 27;
inline constexpr std::size_t max_timestamp = 35;
inline constexpr std::size_t producer_id = 43;
inline constexpr std::size_t producer_epoch = 51;
inline constexpr std::size_t base_sequence = 53;
inline constexpr std::size_t record_count = 57;
}  // namespace batch_layout

// Code::invalid when the batch's CRC is not that of its bytes. Requires: `batch` holds header.size_bytes().
Result<> check_crc(const BatchHeader& header, std::string_view batch);

}  // namespace leat::log
