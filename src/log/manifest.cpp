#include "log/manifest.h"

#include <fmt/format.h>

#include "base/crc32c.h"
#include "log/byte_reader.h"

namespace leat::log {
namespace {

constexpr std::uint32_t magic = 0x4c4d4631;  // "LMF1"
constexpr std::uint16_t version = 1;
constexpr std::uint16_t version_with_lost = 2;  // written only when there is something to say
constexpr std::size_t prologue_bytes = 10;      // magic, CRC, version
constexpr std::size_t crc_at = 4;

bool ascending_and_apart(const std::vector<OffsetRange>& ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].first >= ranges[i].next || (i > 0 && ranges[i].first <= ranges[i - 1].next)) return false;
  }
  return true;
}

bool consistent(const Manifest& manifest) {
  if (manifest.segments.empty() || manifest.epochs.empty() || !ascending_and_apart(manifest.lost)) return false;
  for (std::size_t i = 1; i < manifest.segments.size(); ++i) {
    if (manifest.segments[i - 1].name.base >= manifest.segments[i].name.base) return false;
  }
  return true;
}

template <class Int>
void append_optional(std::string& out, std::optional<Int> value) {
  append_be(out, std::uint8_t{value.has_value()});
  append_be(out, value.value_or(0));
}

template <class Int>
std::optional<Int> take_optional(ByteReader& in) {
  const bool present = in.take<std::uint8_t>() != 0;
  const Int value = in.take<Int>();
  return present ? std::optional(value) : std::nullopt;
}

void append_segment(std::string& out, const SegmentEntry& segment) {
  append_be(out, segment.name.base.value);
  append_be(out, segment.name.generation);
  append_be(out, segment.sealed.bytes);
  append_be(out, segment.sealed.batches);
  append_be(out, segment.sealed.max_timestamp_ms);
}

SegmentEntry take_segment(ByteReader& in) {
  SegmentEntry segment;
  segment.name.base.value = in.take<std::int64_t>();
  segment.name.generation = in.take<std::uint32_t>();
  segment.sealed.bytes = in.take<std::uint64_t>();
  segment.sealed.batches = in.take<std::uint32_t>();
  segment.sealed.max_timestamp_ms = in.take<std::int64_t>();
  return segment;
}

void take_body(ByteReader& in, std::uint16_t found, Manifest& into) {
  const auto topic = in.take_bytes(16);
  std::copy(topic.begin(), topic.end(), into.id.topic.value.bytes.begin());
  into.id.index.value = in.take<std::int32_t>();
  into.options.segment_bytes = in.take<std::uint64_t>();
  into.options.retention_ms = take_optional<std::int64_t>(in);
  into.options.retention_bytes = take_optional<std::uint64_t>(in);
  into.start.value = in.take<std::int64_t>();
  into.settled.value = in.take<std::int64_t>();
  for (auto count = in.take<std::uint32_t>(); count > 0 && in.ok(); --count) {
    const Epoch epoch{in.take<std::int32_t>()};
    into.epochs.push_back({epoch, Offset{in.take<std::int64_t>()}});
  }
  for (auto count = in.take<std::uint32_t>(); count > 0 && in.ok(); --count) into.segments.push_back(take_segment(in));
  if (found < version_with_lost) return;
  for (auto count = in.take<std::uint32_t>(); count > 0 && in.ok(); --count) {
    const Offset first{in.take<std::int64_t>()};
    into.lost.push_back({first, Offset{in.take<std::int64_t>()}});
  }
}

}  // namespace

std::string encode(const Manifest& manifest) {
  std::string out;
  append_be(out, magic);
  append_be(out, std::uint32_t{0});
  append_be(out, manifest.lost.empty() ? version : version_with_lost);
  const auto& topic = manifest.id.topic.value.bytes;
  out.append(reinterpret_cast<const char*>(topic.data()), topic.size());
  append_be(out, manifest.id.index.value);
  append_be(out, manifest.options.segment_bytes);
  append_optional(out, manifest.options.retention_ms);
  append_optional(out, manifest.options.retention_bytes);
  append_be(out, manifest.start.value);
  append_be(out, manifest.settled.value);
  append_be(out, static_cast<std::uint32_t>(manifest.epochs.size()));
  for (const EpochStart& epoch : manifest.epochs) {
    append_be(out, epoch.epoch.value);
    append_be(out, epoch.start.value);
  }
  append_be(out, static_cast<std::uint32_t>(manifest.segments.size()));
  for (const SegmentEntry& segment : manifest.segments) append_segment(out, segment);
  if (!manifest.lost.empty()) append_be(out, static_cast<std::uint32_t>(manifest.lost.size()));
  for (const OffsetRange& range : manifest.lost) {
    append_be(out, range.first.value);
    append_be(out, range.next.value);
  }
  store_be(out.data() + crc_at, crc32c(std::string_view(out).substr(crc_at + 4)));
  return out;
}

Result<Manifest> decode_manifest(std::string_view bytes, std::string_view file) {
  const auto damaged = [&](std::string_view what) {
    return fail(Code::corrupt, fmt::format("{}: bytes [0, {}): {}", file, bytes.size(), what));
  };
  ByteReader in(bytes);
  if (in.take<std::uint32_t>() != magic) return damaged("not a manifest");
  const auto crc = in.take<std::uint32_t>();
  if (bytes.size() < prologue_bytes || crc != crc32c(bytes.substr(crc_at + 4))) return damaged("wrong checksum");
  const auto found = in.take<std::uint16_t>();
  if (found != version && found != version_with_lost) {
    return fail(Code::invalid,
                fmt::format("{}: format version {} is not known, {} is", file, found, version_with_lost));
  }
  Manifest manifest;
  take_body(in, found, manifest);
  if (!in.ok() || !in.empty() || !consistent(manifest)) return damaged("its fields do not fit");
  return manifest;
}

Result<Manifest> load_manifest(platform::Files& files, const std::string& folder) {
  const std::string path = fmt::format("{}/{}", folder, manifest_name);
  LEAT_TRY(const std::string bytes, platform::read_file(files, path));
  return decode_manifest(bytes, path);
}

Result<> store_manifest(platform::Files& files, const std::string& folder, const Manifest& manifest) {
  LEAT_ASSERT(consistent(manifest));
  const std::string beside = fmt::format("{}/{}", folder, manifest_beside_name);
  const std::string bytes = encode(manifest);
  LEAT_TRY(const auto file, files.open(beside, platform::Open::create));
  LEAT_CHECK(file->write_at(0, bytes));
  LEAT_CHECK(file->truncate(bytes.size()));
  const auto install = [&]() -> Result<> {
    LEAT_CHECK(file->sync());
    LEAT_CHECK(files.rename(beside, fmt::format("{}/{}", folder, manifest_name)));
    return files.sync_directory(folder);
  };
  // From here on the outcome is open, so that even a full disk is not "nothing happened".
  if (auto installed = install(); !installed) return fail(Code::io, installed.error().what);
  return {};
}

}  // namespace leat::log
