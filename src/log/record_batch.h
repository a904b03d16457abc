// log/record_batch.h — Kafka's RecordBatch, magic 2: building, checking and walking. Big-endian; layout as in Kafka's
// DefaultRecordBatch and KIP-98. Bytes 0-20 (base offset, length, leader epoch, magic, CRC) lie outside the checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strong.h"

namespace leat::log {

inline constexpr std::size_t batch_header_bytes = 61;
inline constexpr std::size_t batch_overhead_bytes = 12;  // base offset and length: what the length leaves out

struct Header {
  std::string_view key;
  std::optional<std::string_view> value;
};

// Views into the batch it was read from (or into what the caller keeps alive while building).
struct Record {
  Offset offset{};  // set when read; ignored when building
  std::int64_t timestamp_ms = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<Header> headers;
};

// The fixed part of a batch, decoded.
struct BatchHeader {
  Offset base_offset;
  std::int32_t length;  // bytes after this field
  Epoch leader_epoch;
  std::uint32_t crc;
  std::int16_t attributes;
  std::int32_t last_offset_delta;
  std::int64_t base_timestamp_ms, max_timestamp_ms;
  std::int64_t producer_id;
  std::int16_t producer_epoch;
  std::int32_t base_sequence;
  std::int32_t record_count;

  std::size_t size_bytes() const { return static_cast<std::size_t>(length) + batch_overhead_bytes; }
  Offset last_offset() const { return base_offset + std::int64_t{last_offset_delta}; }
  Offset next_offset() const { return last_offset() + std::int64_t{1}; }
  int compression() const { return attributes & 7; }
  bool transactional() const { return attributes & 0x10; }
  bool control() const { return attributes & 0x20; }
};

// One uncompressed batch while it grows: base offset 0, no producer id. Records are copied as they come.
class BatchBuilder {
 public:
  void add(const Record&);
  std::int32_t records() const { return records_; }
  std::size_t bytes() const { return batch_.size(); }
  // Room for `bytes` more without moving what is there.
  void reserve(std::size_t bytes) { batch_.reserve(batch_.size() + bytes); }
  // Requires: records() > 0. Afterwards the builder is as new.
  std::string finish();

 private:
  std::string batch_;
  std::int32_t records_ = 0;
  std::int64_t base_timestamp_ms_ = 0, max_timestamp_ms_ = 0;
};

// One batch of `records` (not empty).
std::string build_batch(const std::vector<Record>& records);

// Decodes the header at the front of `bytes`, checking only that it is whole, magic 2 and of sane length.
// Code::invalid otherwise.
Result<BatchHeader> read_header(std::string_view bytes);

// The header of the batch at the front of `bytes` after checking all that a broker checks on append: whole, CRC, record
// count against last offset delta. Code::invalid otherwise.
Result<BatchHeader> check_batch(std::string_view bytes);

// Overwrites base offset and leader epoch in place (both outside the CRC).
void stamp(char* batch, Offset base, Epoch epoch);

// Calls visit(Record&) for each record of one uncompressed, non-control batch. Code::invalid when the records do not
// fit the batch. `scratch` is reused between records: copy what must outlive the call.
template <class Visit>
Result<> for_each_record(std::string_view batch, Visit&& visit);

class RecordReader {  // what for_each_record stands on
 public:
  static Result<RecordReader> open(std::string_view batch);
  // False at the end. Code::invalid when the bytes do not hold what they claim.
  Result<bool> next(Record& into);
  const BatchHeader& header() const { return header_; }

 private:
  RecordReader(BatchHeader header, std::string_view rest) : header_(header), rest_(rest) {}
  BatchHeader header_;
  std::string_view rest_;
  std::int32_t seen_ = 0;
};

template <class Visit>
Result<> for_each_record(std::string_view batch, Visit&& visit) {
  LEAT_TRY(auto reader, RecordReader::open(batch));
  Record record;
  for (;;) {
    LEAT_TRY(const bool more, reader.next(record));
    if (!more) return {};
    visit(record);
  }
}

}  // namespace leat::log
