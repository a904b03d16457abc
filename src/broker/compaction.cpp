#include "broker/compaction.h"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

namespace leat::broker {
namespace {

constexpr std::size_t slice_bytes = 256 << 10;
constexpr std::size_t batch_bytes = 64 << 10;  // kept records are packed into batches of about this size

// A record that owns its bytes.
struct Kept {
  Epoch epoch;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  std::size_t bytes() const {
    return (key ? key->size() : 0) + (value ? value->size() : 0) + 16 * (1 + headers.size());
  }
};

Kept own(const log::Record& record, Epoch epoch) {
  Kept kept{.epoch = epoch, .timestamp_ms = record.timestamp_ms, .key = {}, .value = {}, .headers = {}};
  if (record.key) kept.key.emplace(*record.key);
  if (record.value) kept.value.emplace(*record.value);
  for (const auto& [key, value] : record.headers) {
    auto& header = kept.headers.emplace_back(std::string(key), std::nullopt);
    if (value) header.second.emplace(*value);
  }
  return kept;
}

log::Record view(const Kept& kept) {
  log::Record record{.timestamp_ms = kept.timestamp_ms, .key = kept.key, .value = kept.value};
  for (const auto& [key, value] : kept.headers) record.headers.push_back({.key = key, .value = value});
  return record;
}

// Everything that survives, by offset.
using Survivors = std::map<Offset, Kept>;

// Batches of neighbours: offsets inside one of our batches have no gaps, and an epoch belongs to a whole batch.
std::string pack(const Survivors& survivors) {
  std::string out;
  std::vector<log::Record> run;
  std::size_t run_bytes = 0;
  Offset base{};
  Epoch epoch{};
  const auto flush = [&] {
    if (run.empty()) return;
    std::string batch = log::build_batch(run);
    log::stamp(batch.data(), base, epoch);
    out += batch;
    run.clear();
    run_bytes = 0;
  };
  for (const auto& [offset, kept] : survivors) {
    const bool continues = offset == base + static_cast<std::int64_t>(run.size()) && kept.epoch == epoch;
    if (!continues || run_bytes + kept.bytes() > batch_bytes) flush();
    if (run.empty()) {
      base = offset;
      epoch = kept.epoch;
    }
    run.push_back(view(kept));
    run_bytes += kept.bytes();
  }
  flush();
  return out;
}

}  // namespace

Result<std::uint64_t> for_each_record(log::Log& log, log::PartitionId partition,
                                      const std::function<void(const log::Record&, Epoch)>& visit) {
  LEAT_TRY(const auto bounds, log.bounds(partition));
  std::uint64_t bytes = 0;
  for (Offset at = bounds.start; at < bounds.durable_end;) {
    LEAT_TRY(const auto slice, log.read(partition, at, slice_bytes));
    if (slice.next <= at)
      return fail(Code::corrupt,
                  fmt::format("nothing at offset {} below the durable end {}", at.value, bounds.durable_end.value));
    for (std::string_view rest = slice.batches; !rest.empty();) {
      LEAT_TRY(const auto header, log::read_header(rest));
      const auto batch = rest.substr(0, header.size_bytes());
      LEAT_CHECK(log::for_each_record(batch, [&](const log::Record& record) {
        if (record.offset >= bounds.start && record.offset < bounds.durable_end) visit(record, header.leader_epoch);
      }));
      rest.remove_prefix(batch.size());
    }
    bytes += slice.batches.size();
    at = slice.next;
  }
  return bytes;
}

Result<std::uint64_t> compact(log::Log& log, log::PartitionId partition) {
  // The end is taken first: what is appended meanwhile lies behind it and is not touched.
  LEAT_TRY(const auto bounds, log.bounds(partition));
  Survivors survivors;
  std::unordered_map<std::string, Offset> last;
  LEAT_CHECK(for_each_record(log, partition, [&](const log::Record& record, Epoch epoch) {
    if (record.offset >= bounds.durable_end) return;
    if (record.key) {
      const auto [known, fresh] = last.try_emplace(std::string(*record.key), record.offset);
      if (!fresh) survivors.erase(std::exchange(known->second, record.offset));
      if (!record.value) return;
    }
    survivors.emplace(record.offset, own(record, epoch));
  }));
  std::string kept = pack(survivors);
  const std::uint64_t size = kept.size();
  LEAT_CHECK(log.replace_before(partition, bounds.durable_end, std::move(kept)));
  return size;
}

}  // namespace leat::broker
