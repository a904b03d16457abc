#include "log/segment_scrub.h"

#include <algorithm>

#include "base/endian.h"

namespace leat::log {
namespace {

constexpr std::size_t window_bytes = 256 << 10;
constexpr char magic = 2;

class NoFile final : public platform::File {
 public:
  Result<std::size_t> read_at(std::uint64_t, char*, std::size_t) override { return 0; }
  Result<std::uint64_t> size() override { return 0; }
  Result<> write_at(std::uint64_t, std::string_view) override { return fail(Code::not_found, "the file is missing"); }
  Result<> truncate(std::uint64_t) override { return fail(Code::not_found, "the file is missing"); }
  Result<> reserve(std::uint64_t, std::uint64_t) override { return fail(Code::not_found, "the file is missing"); }
  Result<> sync() override { return {}; }
  void drop_cache() override {}
};

Result<std::unique_ptr<platform::File>> open_or_none(platform::Files& files, const std::string& path) {
  auto opened = files.open(path, platform::Open::read);
  if (!opened && opened.error().code == Code::not_found) return std::make_unique<NoFile>();
  return opened;
}

SegmentFiles patient(const SegmentFiles& files, PatientFile*& log) {
  auto batches = std::make_unique<PatientFile>(*files.log);
  log = batches.get();
  return {.log = std::move(batches),
          .sums = std::make_unique<PatientFile>(*files.sums),
          .log_path = files.log_path,
          .sums_path = files.sums_path};
}

}  // namespace

Result<std::shared_ptr<SegmentFiles>> open_what_is_there(platform::Files& files, const std::string& folder,
                                                         SegmentName name) {
  auto opened = std::make_shared<SegmentFiles>();
  const std::string stem = folder + "/" + segment_stem(name);
  opened->log_path = stem + ".log";
  opened->sums_path = stem + ".sums";
  LEAT_TRY(opened->log, open_or_none(files, opened->log_path));
  LEAT_TRY(opened->sums, open_or_none(files, opened->sums_path));
  return opened;
}

SegmentScrub::SegmentScrub(std::shared_ptr<SegmentFiles> files, const Target& target)
    : disk_(std::move(files)), files_(patient(*disk_, log_)), target_(target), sum_(target.partition) {
  walk_from({.offset = target.name.base});
}

void SegmentScrub::walk_from(const IndexEntry& place) {
  position_ = place.position;
  const BatchWalk::Rules rules{.sum = sum_, .gaps = target_.name.generation > 0, .trusted_until = 0};
  walk_.emplace(files_, rules, place, target_.extent.bytes, window_bytes);
}

bool SegmentScrub::step(std::uint64_t bytes) {
  const std::uint64_t until = position_ + bytes;
  while (position_ < until) {
    BatchWalk::Batch batch;
    const auto more = walk_->next(batch);
    if (more && !*more) return false;
    if (more)
      keep(batch);
    else
      skip(more.error());
  }
  return position_ < target_.extent.bytes;
}

void SegmentScrub::keep(const BatchWalk::Batch& batch) {
  const std::uint64_t begin = batch.place.position, end = begin + batch.header.size_bytes();
  if (pieces_.empty() || pieces_.back().end != begin) pieces_.push_back({begin, end});
  pieces_.back().end = end;
  position_ = end;
}

void SegmentScrub::skip(const Error& why) {
  const IndexEntry from = walk_->place();
  const IndexEntry to = resume(from);
  Damage damage = damage_of(why);
  if (damage.file != files_.sums_path) {  // of the batches: the range is what has to be passed over
    damage.file = files_.log_path;
    damage.begin = from.position;
    damage.end = to.position;
    if (const auto why_not = log_->why_not(damage.begin, damage.end); !why_not.empty()) damage.what = why_not;
  }
  damage.partition = target_.partition;
  damage.lost = OffsetRange{from.offset, to.offset};
  damages_.push_back(std::move(damage));
  walk_from(to);
}

void SegmentScrub::load_sums() {
  if (sums_) return;
  sums_.emplace();
  const auto bytes = read_some(*files_.sums, 0, std::size_t{target_.extent.batches} * sum_bytes);
  if (!bytes) return;
  for (std::size_t i = 0; i + sum_bytes <= bytes->size(); i += sum_bytes)
    sums_->push_back(load_be<std::uint32_t>(bytes->data() + i));
}

bool SegmentScrub::has_sum(std::uint32_t ordinal, std::string_view header) const {
  return ordinal < sums_->size() && (*sums_)[ordinal] == sum_.of(header);
}

// Where the next good batch begins behind a damaged place: right behind the damaged batch if its header is whole,
// otherwise at the first bytes that are a header with a sum of ours. The end of the segment if there is none.
IndexEntry SegmentScrub::resume(const IndexEntry& damaged) {
  const IndexEntry end{std::max(target_.next, damaged.offset), target_.extent.bytes, target_.extent.batches, -1};
  load_sums();
  for (std::uint64_t at = damaged.position; at + batch_header_bytes <= end.position;) {
    const auto bytes = read_some(*files_.log, at, std::min<std::uint64_t>(window_bytes, end.position - at));
    if (!bytes || bytes->size() < batch_header_bytes) break;
    if (const auto found = find_batch(*bytes, damaged, at)) return *found;
    at += bytes->size() - batch_header_bytes + 1;
  }
  return end;
}

std::optional<IndexEntry> SegmentScrub::find_batch(std::string_view bytes, const IndexEntry& damaged,
                                                   std::uint64_t position) const {
  for (; bytes.size() >= batch_header_bytes; bytes.remove_prefix(1), ++position) {
    if (bytes[batch_layout::magic] != magic) continue;
    const auto header = read_header(bytes);
    if (!header || header->base_offset < damaged.offset || header->next_offset() > target_.next) continue;
    if (header->last_offset_delta < 0 || header->size_bytes() > target_.extent.bytes - position) continue;
    std::uint32_t ordinal = damaged.ordinal;
    while (ordinal < sums_->size() && !has_sum(ordinal, bytes)) ++ordinal;
    if (ordinal == sums_->size()) continue;
    const bool itself = position == damaged.position && ordinal == damaged.ordinal;
    if (!itself) return IndexEntry{header->base_offset, position, ordinal, -1};
    return IndexEntry{header->next_offset(), position + header->size_bytes(), ordinal + 1, -1};
  }
  return std::nullopt;
}

}  // namespace leat::log
