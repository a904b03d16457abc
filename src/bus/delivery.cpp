#include "bus/delivery.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "log/record_batch.h"

namespace leat::bus {
namespace {

std::string_view codec_name(int compression) {
  constexpr std::array<std::string_view, 5> names{"none", "gzip", "snappy", "lz4", "zstd"};
  const auto index = static_cast<std::size_t>(compression);
  return index < names.size() ? names[index] : "unknown";
}

Delivered deliver(PartitionIndex partition, const log::Record& record) {
  Delivered out{.partition = partition,
                .offset = record.offset,
                .timestamp_ms = record.timestamp_ms,
                .key = record.key,
                .value = record.value,
                .headers = {}};
  out.headers.reserve(record.headers.size());
  for (const auto& [key, value] : record.headers) out.headers.emplace_back(key, value.value_or(std::string_view{}));
  return out;
}

}  // namespace

Result<> DeliveryBuilder::add(PartitionIndex partition, Offset from, log::Slice slice) {
  const std::size_t before = delivery_.records.size();
  const std::string& bytes = slices_->emplace_back(std::move(slice.batches));
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto header = log::read_header(rest);
    auto added =
        header ? add_batch(partition, from, rest.substr(0, header->size_bytes())) : Result<>(fail(header.error()));
    if (!added) {
      delivery_.records.resize(before);
      slices_->pop_back();
      return added;
    }
    rest.remove_prefix(header->size_bytes());
  }
  bytes_ += bytes.size();
  return {};
}

Result<> DeliveryBuilder::add_batch(PartitionIndex partition, Offset from, std::string_view batch) {
  LEAT_TRY(const auto header, log::read_header(batch));
  if (header.control() || header.next_offset() <= from) return {};
  if (header.compression() != 0)
    return fail(Code::invalid,
                fmt::format("partition {}: the batch at offset {} is compressed with {}, which cannot be "
                            "read yet; publish it uncompressed",
                            partition.value, header.base_offset.value, codec_name(header.compression())));
  return log::for_each_record(batch, [&](const log::Record& record) {
    if (record.offset >= from) delivery_.records.push_back(deliver(partition, record));
  });
}

Delivery DeliveryBuilder::finish(bool at_end) {
  delivery_.bytes = std::move(slices_);
  delivery_.at_end = at_end;
  return std::move(delivery_);
}

}  // namespace leat::bus
