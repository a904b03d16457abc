#include "log/journal_format.h"

#include "base/crc32c.h"
#include "log/byte_reader.h"

namespace leat::log {
namespace {

constexpr std::uint32_t magic = 0x4c4a4731;  // "LJG1"
constexpr std::size_t crc_at = 4, sequence_at = 8, salt_at = 16, payload_at = 24, flags_at = 28;
constexpr std::uint32_t snapshot_flag = 1;  // above it: the file's length in pages

enum class Kind : std::uint8_t { data = 1, end, epoch, removed, live_from, continues, clean };

PartitionId take_partition(ByteReader& in) {
  PartitionId id;
  const auto topic = in.take_bytes(16);
  std::copy(topic.begin(), topic.end(), id.topic.value.bytes.begin());
  id.index.value = in.take<std::int32_t>();
  return id;
}

DataEntry take_data(ByteReader& in) {
  DataEntry entry{.partition = take_partition(in)};
  entry.segment.value = in.take<std::int64_t>();
  entry.position = in.take<std::uint64_t>();
  entry.ordinal = in.take<std::uint32_t>();
  entry.bytes = in.take_bytes(in.take<std::uint32_t>());
  return entry;
}

EndEntry take_end(ByteReader& in) {
  EndEntry entry{.partition = take_partition(in)};
  entry.segment.value = in.take<std::int64_t>();
  entry.extent.bytes = in.take<std::uint64_t>();
  entry.extent.batches = in.take<std::uint32_t>();
  entry.extent.max_timestamp_ms = in.take<std::int64_t>();
  entry.next.value = in.take<std::int64_t>();
  return entry;
}

EpochEntry take_epoch(ByteReader& in) {
  EpochEntry entry{.partition = take_partition(in)};
  entry.epoch.epoch.value = in.take<std::int32_t>();
  entry.epoch.start.value = in.take<std::int64_t>();
  return entry;
}

std::optional<Entry> take_entry(ByteReader& in) {
  switch (static_cast<Kind>(in.take<std::uint8_t>())) {
    case Kind::data:
      return take_data(in);
    case Kind::end:
      return take_end(in);
    case Kind::epoch:
      return take_epoch(in);
    case Kind::removed:
      return RemovedEntry{take_partition(in)};
    case Kind::live_from: {
      const auto file = in.take<std::uint64_t>();
      return LiveFromEntry{file, in.take<std::uint64_t>()};
    }
    case Kind::continues: {
      const auto file = in.take<std::uint64_t>();
      return ContinuesEntry{file, in.take<std::uint64_t>()};
    }
    case Kind::clean:
      return CleanEntry{};
  }
  return std::nullopt;
}

}  // namespace

void GroupBuilder::begin(std::uint64_t sequence, std::uint64_t salt, bool snapshot) {
  buffer_.clear();
  append_be(buffer_, magic);
  append_be(buffer_, std::uint32_t{0});
  append_be(buffer_, sequence);
  append_be(buffer_, salt);
  append_be(buffer_, std::uint32_t{0});
  append_be(buffer_, snapshot ? snapshot_flag : 0);
}

void GroupBuilder::begin_entry(std::uint8_t kind, PartitionId partition) {
  append_be(buffer_, kind);
  const auto& topic = partition.topic.value.bytes;
  buffer_.append(reinterpret_cast<const char*>(topic.data()), topic.size());
  append_be(buffer_, partition.index.value);
}

std::size_t GroupBuilder::add_data(PartitionId partition, Offset segment, std::uint64_t position, std::uint32_t ordinal,
                                   std::size_t bytes) {
  begin_entry(static_cast<std::uint8_t>(Kind::data), partition);
  append_be(buffer_, segment.value);
  append_be(buffer_, position);
  append_be(buffer_, ordinal);
  append_be(buffer_, static_cast<std::uint32_t>(bytes));
  const std::size_t place = buffer_.size();
  buffer_.resize(place + bytes);
  return place;
}

void GroupBuilder::add(const EndEntry& entry) {
  begin_entry(static_cast<std::uint8_t>(Kind::end), entry.partition);
  append_be(buffer_, entry.segment.value);
  append_be(buffer_, entry.extent.bytes);
  append_be(buffer_, entry.extent.batches);
  append_be(buffer_, entry.extent.max_timestamp_ms);
  append_be(buffer_, entry.next.value);
}

void GroupBuilder::add(const EpochEntry& entry) {
  begin_entry(static_cast<std::uint8_t>(Kind::epoch), entry.partition);
  append_be(buffer_, entry.epoch.epoch.value);
  append_be(buffer_, entry.epoch.start.value);
}

void GroupBuilder::add(const RemovedEntry& entry) {
  begin_entry(static_cast<std::uint8_t>(Kind::removed), entry.partition);
}

void GroupBuilder::add(const LiveFromEntry& entry) {
  append_be(buffer_, static_cast<std::uint8_t>(Kind::live_from));
  append_be(buffer_, entry.file);
  append_be(buffer_, entry.self);
}

void GroupBuilder::add(const ContinuesEntry& entry) {
  append_be(buffer_, static_cast<std::uint8_t>(Kind::continues));
  append_be(buffer_, entry.file);
  append_be(buffer_, entry.salt);
}

void GroupBuilder::add(const CleanEntry&) { append_be(buffer_, static_cast<std::uint8_t>(Kind::clean)); }

std::string_view GroupBuilder::finish(std::uint64_t file_bytes) {
  const std::size_t used = buffer_.size();
  const auto flags = load_be<std::uint32_t>(buffer_.data() + flags_at) & snapshot_flag;
  store_be(buffer_.data() + flags_at, flags | static_cast<std::uint32_t>(file_bytes / journal_page_bytes) << 1);
  store_be(buffer_.data() + payload_at, static_cast<std::uint32_t>(used - group_header_bytes));
  store_be(buffer_.data() + crc_at, crc32c(std::string_view(buffer_).substr(sequence_at)));
  buffer_.resize(whole_pages(used));
  return buffer_;
}

std::optional<GroupHeader> peek_group(std::string_view file, std::size_t position) {
  if (position > file.size() || file.size() - position < group_header_bytes) return std::nullopt;
  const char* at = file.data() + position;
  if (load_be<std::uint32_t>(at) != magic) return std::nullopt;
  const auto flags = load_be<std::uint32_t>(at + flags_at);
  return GroupHeader{.sequence = load_be<std::uint64_t>(at + sequence_at),
                     .salt = load_be<std::uint64_t>(at + salt_at),
                     .snapshot = (flags & snapshot_flag) != 0,
                     .file_bytes = std::uint64_t{flags >> 1} * journal_page_bytes,
                     .payload_bytes = load_be<std::uint32_t>(at + payload_at)};
}

std::optional<GroupHeader> read_group(std::string_view file, std::size_t position) {
  const auto header = peek_group(file, position);
  if (!header || header->size_bytes() > file.size() - position) return std::nullopt;
  const auto covered = file.substr(position + sequence_at, header->size_bytes() - sequence_at);
  if (crc32c(covered) != load_be<std::uint32_t>(file.data() + position + crc_at)) return std::nullopt;
  return header;
}

std::optional<std::vector<Entry>> read_entries(std::string_view file, std::size_t position, const GroupHeader& header) {
  ByteReader in(file.substr(position + group_header_bytes, header.payload_bytes));
  std::vector<Entry> entries;
  while (!in.empty()) {
    auto entry = take_entry(in);
    if (!entry || !in.ok()) return std::nullopt;
    entries.push_back(*std::move(entry));
  }
  return entries;
}

}  // namespace leat::log
