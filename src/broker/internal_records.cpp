#include "broker/internal_records.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/endian.h"

namespace leat::broker {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t settled_flag = 1, compacted_flag = 2;
constexpr std::int64_t off = -1;  // for limits that are not set

TopicId own_id(std::uint8_t last) {
  // Version 8 (RFC 9562: "custom") is never drawn for a user's topic.
  Uuid id{{0x1e, 0xa7, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, last}};
  return {id};
}

void append_id(std::string& out, const Uuid& id) {
  out.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

// Fixed fields off the front of a value. The first that is missing makes the whole value unreadable.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  template <class Int>
  Int number() {
    const auto bytes = take(sizeof(Int));
    return bytes.empty() ? Int{} : load_be<Int>(bytes.data());
  }
  Uuid id() {
    Uuid out;
    std::ranges::copy(take(out.bytes.size()), reinterpret_cast<char*>(out.bytes.data()));
    return out;
  }
  bool whole() const { return !short_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (rest_.size() < size) short_ = true;
    if (short_) return {};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest_;
  bool short_ = false;
};

Result<> check_version(std::uint8_t found, std::string_view what) {
  if (found == version) return {};
  return fail(Code::invalid, fmt::format("{} has version {}; this program reads version {}", what, found, version));
}

std::unexpected<Error> damaged(std::string_view what, std::size_t size) {
  return fail(Code::corrupt, fmt::format("{} of {} bytes is not what this program writes", what, size));
}

}  // namespace

log::PartitionId topics_partition() { return {own_id(1), PartitionIndex{0}}; }
log::PartitionId sources_partition() { return {own_id(2), PartitionIndex{0}}; }

std::string encode_identity(const Uuid& bus) {
  std::string out(1, static_cast<char>(version));
  append_id(out, bus);
  return out;
}

Result<Uuid> decode_identity(std::string_view value) {
  Fields fields(value);
  LEAT_CHECK(check_version(fields.number<std::uint8_t>(), "the record of the bus id"));
  const Uuid id = fields.id();
  if (!fields.whole()) return damaged("the record of the bus id", value.size());
  return id;
}

std::string topic_key(std::string_view name) { return std::string(topic_key_prefix) + std::string(name); }

std::string encode_topic(const TopicRecord& record) {
  const TopicConfig& config = record.topic.config;
  std::string out(1, static_cast<char>(version));
  append_be<std::uint8_t>(out, (record.settled ? settled_flag : 0) | (config.compacted ? compacted_flag : 0));
  append_id(out, record.topic.id.value);
  append_be(out, config.partitions);
  append_be(out, config.retention_ms.value_or(off));
  append_be(out, config.retention_bytes.value_or(static_cast<std::uint64_t>(off)));
  append_be(out, config.segment_bytes);
  return out;
}

Result<TopicRecord> decode_topic(std::string_view name, std::string_view value) {
  const auto what = fmt::format("the record of topic '{}'", name);
  Fields fields(value);
  LEAT_CHECK(check_version(fields.number<std::uint8_t>(), what));
  TopicRecord record;
  const auto flags = fields.number<std::uint8_t>();
  record.settled = flags & settled_flag;
  record.topic.name = name;
  record.topic.id.value = fields.id();
  TopicConfig& config = record.topic.config;
  config.compacted = flags & compacted_flag;
  config.partitions = fields.number<std::int32_t>();
  if (const auto ms = fields.number<std::int64_t>(); ms != off) config.retention_ms = ms;
  if (const auto bytes = fields.number<std::uint64_t>(); bytes != static_cast<std::uint64_t>(off))
    config.retention_bytes = bytes;
  config.segment_bytes = fields.number<std::uint64_t>();
  if (!fields.whole() || config.partitions < 1 || (flags & ~(settled_flag | compacted_flag)) != 0)
    return damaged(what, value.size());
  return record;
}

std::string encode_progress(const Progress& progress) {
  std::string out(1, static_cast<char>(version));
  append_be(out, progress.epoch);
  append_be(out, progress.last);
  return out;
}

Result<Progress> decode_progress(std::string_view value) {
  Fields fields(value);
  LEAT_CHECK(check_version(fields.number<std::uint8_t>(), "a source's progress record"));
  Progress progress;
  progress.epoch = fields.number<std::int32_t>();
  progress.last = fields.number<std::uint64_t>();
  if (!fields.whole()) return damaged("a source's progress record", value.size());
  return progress;
}

}  // namespace leat::broker
