#include "bus/packing.h"

#include <map>
#include <utility>

#include "log/record_batch.h"

namespace leat::bus {
namespace {

log::Record view(const Record& record) {
  log::Record out{.timestamp_ms = record.timestamp_ms, .key = record.key, .value = record.value};
  out.headers.reserve(record.headers.size());
  for (const auto& [key, value] : record.headers) out.headers.push_back({.key = key, .value = value});
  return out;
}

// The part of one partition while it grows.
class PartBuilder {
 public:
  PartBuilder(log::PartitionId partition, std::size_t batch_bytes) : part_{partition, {}}, batch_bytes_(batch_bytes) {}

  // Returns which record of the part it became.
  std::int64_t add(const Record& record) {
    const std::size_t bytes = payload_bytes(record);
    if (pending_bytes_ + bytes > batch_bytes_) finish_batch();
    pending_.push_back(view(record));
    pending_bytes_ += bytes;
    return records_++;
  }

  log::Part finish() {
    finish_batch();
    return std::move(part_);
  }

 private:
  void finish_batch() {
    if (pending_.empty()) return;
    auto batch = log::build_batch(pending_);
    if (part_.batches.empty()) {
      part_.batches = std::move(batch);
    } else {
      part_.batches += batch;
    }
    pending_.clear();
    pending_bytes_ = 0;
  }

  log::Part part_;
  const std::size_t batch_bytes_;
  std::vector<log::Record> pending_;
  std::size_t pending_bytes_ = 0;
  std::int64_t records_ = 0;
};

}  // namespace

std::size_t payload_bytes(const Record& record) {
  std::size_t bytes = (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  for (const auto& [key, value] : record.headers) bytes += key.size() + value.size();
  return bytes;
}

Packed pack(const std::vector<const Publication*>& publications, std::size_t batch_bytes) {
  Packed packed;
  std::vector<PartBuilder> builders;
  std::map<log::PartitionId, std::size_t> part_of;
  packed.places.reserve(publications.size());
  for (const Publication* publication : publications) {
    const log::PartitionId partition{publication->topic, publication->partition};
    const auto [part, fresh] = part_of.try_emplace(partition, builders.size());
    if (fresh) builders.emplace_back(partition, batch_bytes);
    packed.places.push_back({part->second, builders[part->second].add(publication->record)});
  }
  for (auto& builder : builders) packed.parts.push_back(builder.finish());
  return packed;
}

}  // namespace leat::bus
