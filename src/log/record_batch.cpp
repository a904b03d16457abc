#include "log/record_batch.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "base/endian.h"
#include "base/varint.h"
#include "log/batch_layout.h"

namespace leat::log {
namespace {

constexpr std::int8_t magic = 2;
constexpr std::int32_t length_min = static_cast<std::int32_t>(batch_header_bytes - batch_overhead_bytes);
constexpr std::int16_t log_append_time = 0x8;

std::unexpected<Error> invalid(std::string_view what) {
  return fail(Code::invalid, fmt::format("record batch: {}", what));
}

void append_bytes(std::string& out, std::optional<std::string_view> bytes) {
  append_varint(out, bytes ? static_cast<std::int64_t>(bytes->size()) : -1);
  if (bytes) out.append(*bytes);
}

std::size_t size_of(std::optional<std::string_view> bytes) {
  return varint_bytes(bytes ? static_cast<std::int64_t>(bytes->size()) : -1) + (bytes ? bytes->size() : 0);
}

// A record as it is to be written. Its length comes before its bytes: so it is counted first, and copied only once.
struct Draft {
  const Record& record;
  std::int64_t timestamp_delta, offset_delta;

  std::size_t body_bytes() const {
    std::size_t bytes = 1 + varint_bytes(timestamp_delta) + varint_bytes(offset_delta) + size_of(record.key) +
                        size_of(record.value) + varint_bytes(static_cast<std::int64_t>(record.headers.size()));
    for (const Header& header : record.headers) bytes += size_of(header.key) + size_of(header.value);
    return bytes;
  }

  void append_to(std::string& out) const {
    append_varint(out, static_cast<std::int64_t>(body_bytes()));
    out.push_back(0);  // attributes: none are defined
    append_varint(out, timestamp_delta);
    append_varint(out, offset_delta);
    append_bytes(out, record.key);
    append_bytes(out, record.value);
    append_varint(out, static_cast<std::int64_t>(record.headers.size()));
    for (const Header& header : record.headers) {
      append_bytes(out, header.key);
      append_bytes(out, header.value);
    }
  }
};

// Room for the batch, or a little more, so that it need not be moved while it grows.
std::size_t room_for(const std::vector<Record>& records) {
  std::size_t bytes = batch_header_bytes;
  for (const Record& record : records) {
    const Draft widest{record, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int32_t>::max()};
    bytes += varint_bytes_max + widest.body_bytes();
  }
  return bytes;
}

// A length-prefixed byte string; a null one is `nullopt` inside.
Result<std::optional<std::string_view>> take_bytes(std::string_view& in) {
  const auto size = take_varint(in);
  if (!size || *size < -1 || *size > static_cast<std::int64_t>(in.size())) return invalid("a length passes the record");
  if (*size == -1) return std::optional<std::string_view>{};
  const auto bytes = in.substr(0, static_cast<std::size_t>(*size));
  in.remove_prefix(bytes.size());
  return std::optional{bytes};
}

Result<> take_headers(std::string_view& in, std::vector<Header>& into) {
  into.clear();
  const auto count = take_varint(in);
  // A header takes two bytes at least: a count beyond that is a lie, found before memory is spent on it.
  if (!count || *count < 0 || *count > static_cast<std::int64_t>(in.size() / 2)) return invalid("bad header count");
  for (std::int64_t i = 0; i < *count; ++i) {
    LEAT_TRY(const auto key, take_bytes(in));
    if (!key) return invalid("a header without a key");
    LEAT_TRY(const auto value, take_bytes(in));
    into.push_back({*key, value});
  }
  return {};
}

}  // namespace

void BatchBuilder::add(const Record& record) {
  if (records_ == 0) {
    batch_.resize(batch_header_bytes);
    base_timestamp_ms_ = max_timestamp_ms_ = record.timestamp_ms;
  }
  max_timestamp_ms_ = std::max(max_timestamp_ms_, record.timestamp_ms);
  Draft{record, record.timestamp_ms - base_timestamp_ms_, records_}.append_to(batch_);
  ++records_;
}

std::string BatchBuilder::finish() {
  LEAT_ASSERT(records_ > 0);
  char* at = batch_.data();
  store_be(at + batch_layout::length, static_cast<std::int32_t>(batch_.size() - batch_overhead_bytes));
  store_be(at + batch_layout::leader_epoch, std::int32_t{-1});
  store_be(at + batch_layout::magic, magic);
  store_be(at + batch_layout::last_offset_delta, records_ - 1);
  store_be(at + batch_layout::base_timestamp, base_timestamp_ms_);
  store_be(at + batch_layout::max_timestamp, max_timestamp_ms_);
  store_be(at + batch_layout::producer_id, std::int64_t{-1});
  store_be(at + batch_layout::producer_epoch, std::int16_t{-1});
  store_be(at + batch_layout::base_sequence, std::int32_t{-1});
  store_be(at + batch_layout::record_count, records_);
  store_be(at + batch_layout::crc, crc32c(std::string_view(batch_).substr(batch_layout::attributes)));
  records_ = 0;
  return std::exchange(batch_, {});
}

std::string build_batch(const std::vector<Record>& records) {
  BatchBuilder batch;
  batch.reserve(room_for(records));
  for (const Record& record : records) batch.add(record);
  return batch.finish();
}

Result<BatchHeader> read_header(std::string_view bytes) {
  if (bytes.size() < batch_header_bytes) return invalid(fmt::format("{} bytes are no header", bytes.size()));
  const char* at = bytes.data();
  if (load_be<std::int8_t>(at + batch_layout::magic) != magic) return invalid("magic is not 2");
  BatchHeader header{
      .base_offset = {load_be<std::int64_t>(at + batch_layout::base_offset)},
      .length = load_be<std::int32_t>(at + batch_layout::length),
      .leader_epoch = {load_be<std::int32_t>(at + batch_layout::leader_epoch)},
      .crc = load_be<std::uint32_t>(at + batch_layout::crc),
      .attributes = load_be<std::int16_t>(at + batch_layout::attributes),
      .last_offset_delta = load_be<std::int32_t>(at + batch_layout::last_offset_delta),
      .base_timestamp_ms = load_be<std::int64_t>(at + batch_layout::base_timestamp),
      .max_timestamp_ms = load_be<std::int64_t>(at + batch_layout::max_timestamp),
      .producer_id = load_be<std::int64_t>(at + batch_layout::producer_id),
      .producer_epoch = load_be<std::int16_t>(at + batch_layout::producer_epoch),
      .base_sequence = load_be<std::int32_t>(at + batch_layout::base_sequence),
      .record_count = load_be<std::int32_t>(at + batch_layout::record_count),
  };
  if (header.length < length_min) return invalid(fmt::format("length {} is too small", header.length));
  if (header.last_offset_delta < 0) return invalid("negative last offset delta");
  return header;
}

Result<> check_crc(const BatchHeader& header, std::string_view batch) {
  const std::uint32_t found =
      crc32c(batch.substr(batch_layout::attributes, header.size_bytes() - batch_layout::attributes));
  if (found != header.crc) return invalid(fmt::format("CRC is {:08x}, its header says {:08x}", found, header.crc));
  return {};
}

Result<BatchHeader> check_batch(std::string_view bytes) {
  LEAT_TRY(const BatchHeader header, read_header(bytes));
  if (header.size_bytes() > bytes.size()) {
    return invalid(fmt::format("{} bytes long, {} are there", header.size_bytes(), bytes.size()));
  }
  LEAT_CHECK(check_crc(header, bytes));
  if (header.record_count <= 0 || header.record_count - 1 != header.last_offset_delta) {
    return invalid(fmt::format("{} records, last offset delta {}", header.record_count, header.last_offset_delta));
  }
  return header;
}

void stamp(char* batch, Offset base, Epoch epoch) {
  store_be(batch + batch_layout::base_offset, base.value);
  store_be(batch + batch_layout::leader_epoch, epoch.value);
}

Result<RecordReader> RecordReader::open(std::string_view batch) {
  LEAT_TRY(const BatchHeader header, read_header(batch));
  if (header.size_bytes() > batch.size()) return invalid("cut short");
  if (header.compression() != 0) return invalid("compressed");
  if (header.control()) return invalid("a control batch holds no records");
  return RecordReader(header, batch.substr(batch_header_bytes, header.size_bytes() - batch_header_bytes));
}

Result<bool> RecordReader::next(Record& into) {
  if (seen_ == header_.record_count) {
    if (!rest_.empty()) return invalid("bytes after the last record");
    return false;
  }
  const auto size = take_varint(rest_);
  if (!size || *size < 1 || *size > static_cast<std::int64_t>(rest_.size()))
    return invalid("a record passes its batch");
  std::string_view body = rest_.substr(0, static_cast<std::size_t>(*size));
  rest_.remove_prefix(body.size());
  body.remove_prefix(1);  // attributes

  const auto timestamp = take_varint(body);
  const auto offset = take_varint(body);
  if (!timestamp || !offset || *offset < 0 || *offset > header_.last_offset_delta) return invalid("bad deltas");
  into.offset = header_.base_offset + *offset;
  into.timestamp_ms = header_.attributes & log_append_time
                          ? header_.max_timestamp_ms
                          : static_cast<std::int64_t>(static_cast<std::uint64_t>(header_.base_timestamp_ms) +
                                                      static_cast<std::uint64_t>(*timestamp));
  LEAT_TRY(into.key, take_bytes(body));
  LEAT_TRY(into.value, take_bytes(body));
  LEAT_CHECK(take_headers(body, into.headers));
  if (!body.empty()) return invalid("bytes after a record's headers");
  ++seen_;
  return true;
}

}  // namespace leat::log
