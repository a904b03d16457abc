#include "bus/packing.h"

#include <utility>

namespace leat::bus {
namespace {

log::Record view(const Record& record) {
  log::Record out{.timestamp_ms = record.timestamp_ms, .key = record.key, .value = record.value};
  out.headers.reserve(record.headers.size());
  for (const auto& [key, value] : record.headers) out.headers.push_back({.key = key, .value = value});
  return out;
}

void move_batch(log::BatchBuilder& from, std::string& to) {
  auto batch = from.finish();
  if (to.empty()) {
    to = std::move(batch);
  } else {
    to += batch;
  }
}

}  // namespace

std::size_t payload_bytes(const Record& record) {
  std::size_t bytes = (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  for (const auto& [key, value] : record.headers) bytes += key.size() + value.size();
  return bytes;
}

Place Packer::add(const Publication& publication) {
  const log::PartitionId partition{publication.topic, publication.partition};
  const auto [known, fresh] = part_of_.try_emplace(partition, parts_.size());
  if (fresh) parts_.emplace_back().part.partition = partition;
  Growing& growing = parts_[known->second];
  const std::size_t bytes = payload_bytes(publication.record);
  if (growing.batch.records() > 0 && growing.batch.bytes() + bytes > batch_bytes_)
    move_batch(growing.batch, growing.part.batches);
  growing.batch.add(view(publication.record));
  return {known->second, growing.records++};
}

std::vector<log::Part> Packer::finish() {
  std::vector<log::Part> parts;
  parts.reserve(parts_.size() + 1);  // the source's progress joins them
  for (Growing& growing : parts_) {
    move_batch(growing.batch, growing.part.batches);
    parts.push_back(std::move(growing.part));
  }
  parts_.clear();
  part_of_.clear();
  return parts;
}

}  // namespace leat::bus
