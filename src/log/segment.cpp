#include "log/segment.h"

#include <algorithm>

#include <fmt/format.h>

namespace leat::log {
namespace {

constexpr std::uint64_t step_min = 64 << 10;  // of reserved space; doubles with each step, so that
constexpr std::uint64_t step_max = 4 << 20;   // thousands of small partitions cost little
constexpr std::uint64_t sums_step = 16 << 10;
constexpr std::size_t unsaved_entries_max = 64;  // of an index: what a start after a crash may have to find again

}  // namespace

Segment::Segment(OpenFiles& open_files, const std::string& folder, PartitionId id, SegmentName name, Extent durable)
    : open_files_(open_files),
      files_(open_files.files()),
      stem_(fmt::format("{}/{}", folder, segment_stem(name))),
      sum_(id),
      name_(name),
      step_(step_min),
      scan_until_(durable.bytes),
      durable_(durable),
      index_(name.base),
      index_loaded_(durable.bytes == 0) {}

Extent Segment::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

Result<std::shared_ptr<SegmentFiles>> Segment::files_to_read() {
  std::shared_ptr<SegmentFiles> files;
  {
    const std::lock_guard lock(mutex_);
    files = open_.lock();
    if (!files) {
      LEAT_TRY(files, open_files_.open(stem_));
      open_ = files;
    }
    if (files == written_) return files;
  }
  open_files_.used(files);
  return files;
}

Result<std::shared_ptr<SegmentFiles>> Segment::files_to_write() {
  {
    const std::lock_guard lock(mutex_);
    if (written_) return written_;
  }
  LEAT_TRY(auto files, files_to_read());
  const std::lock_guard lock(mutex_);
  written_ = std::move(files);
  return written_;
}

Result<> Segment::create() {
  for (const std::string_view extension : {".log", ".sums"}) {
    LEAT_TRY(const auto file, files_.open(path(extension), platform::Open::create));
    LEAT_TRY(const auto size, file->size());
    if (size > 0) LEAT_CHECK(file->truncate(0));
  }
  LEAT_TRY(const bool stale, files_.exists(path(".index")));
  return stale ? files_.remove(path(".index")) : Result<>{};
}

Result<std::uint64_t> Segment::check_and_cut(bool rewritten) {
  const Extent extent = durable();
  std::uint64_t cut = 0;
  for (const auto& [extension, bytes] :
       {std::pair{".log", extent.bytes}, std::pair{".sums", std::uint64_t{extent.batches} * sum_bytes}}) {
    auto file = files_.open(path(extension), platform::Open::write);
    if (!file && file.error().code == Code::not_found && bytes == 0) {  // nothing is missing but the name
      file = files_.open(path(extension), platform::Open::create);
      LEAT_CHECK(files_.sync_directory(stem_.substr(0, stem_.rfind('/'))));
    }
    if (!file && file.error().code == Code::not_found) {
      return fail(Code::corrupt, fmt::format("{}: bytes [0, {}): the file is missing", path(extension), bytes));
    }
    if (!file) return fail(file.error());
    LEAT_TRY(const std::uint64_t size, (*file)->size());
    if (size < bytes) {
      return fail(Code::corrupt,
                  fmt::format("{}: bytes [{}, {}): the file is cut short", path(extension), size, bytes));
    }
    if (size > bytes || rewritten) LEAT_CHECK((*file)->truncate(bytes));
    cut += size - bytes;
  }
  return cut;
}

Result<> Segment::remove_files() {
  const std::lock_guard naming(naming_);
  removed_ = true;
  for (const std::string_view extension : {".log", ".sums", ".index"}) {
    auto removed = files_.remove(path(extension));
    if (!removed && removed.error().code != Code::not_found) return removed;
  }
  return {};
}

Result<> Segment::reserve(const Extent& end) {
  const std::uint64_t sums_end = std::uint64_t{end.batches} * sum_bytes;
  if (end.bytes <= reserved_log_ && sums_end <= reserved_sums_) return {};
  LEAT_TRY(const auto files, files_to_write());
  if (end.bytes > reserved_log_) {
    const std::uint64_t begin = std::max(reserved_log_, durable().bytes);
    const std::uint64_t length = std::max(step_, end.bytes - begin);
    LEAT_CHECK(files->log->reserve(begin, length));
    reserved_log_ = begin + length;
    step_ = std::min(step_ * 2, step_max);
  }
  if (sums_end > reserved_sums_) {
    const std::uint64_t begin = std::max(reserved_sums_, std::uint64_t{durable().batches} * sum_bytes);
    const std::uint64_t length = std::max(sums_step, sums_end - begin);
    LEAT_CHECK(files->sums->reserve(begin, length));
    reserved_sums_ = begin + length;
  }
  return {};
}

Result<> Segment::write(std::uint64_t position, std::string_view batches, std::uint32_t ordinal,
                        std::string_view sums) {
  LEAT_TRY(const auto files, files_to_write());
  LEAT_CHECK(files->log->write_at(position, batches));
  return files->sums->write_at(std::uint64_t{ordinal} * sum_bytes, sums);
}

Result<> Segment::sync_once() {
  LEAT_TRY(const auto files, files_to_write());
  LEAT_CHECK(files->log->sync());
  return files->sums->sync();
}

Result<> Segment::sync() {
  const std::lock_guard syncing(syncing_);
  if (!sync_failure_) {
    if (auto synced = sync_once(); !synced) sync_failure_ = synced.error();
  }
  if (!sync_failure_ || removed_) return {};  // nobody needs what has been deleted meanwhile
  return fail(*sync_failure_);
}

void Segment::publish(const Extent& end, const std::vector<IndexEntry>& batches) {
  const std::lock_guard lock(mutex_);
  verified_.add(durable_.bytes, end.bytes);  // append() has checked every byte of it
  durable_ = end;
  for (const IndexEntry& batch : batches) {
    if (index_loaded_) {
      index_.note(batch);
    } else if (noted_.empty() || batch.position >= noted_.back().position + OffsetIndex::interval_bytes) {
      noted_.push_back(batch);
    }
  }
}

// Under the lock of the names, and not once they are gone: a new partition may have taken them.
void Segment::tidy(bool closing) {
  const std::lock_guard naming(naming_);
  if (removed_) return;
  if (closing || sealed_ || unsaved_entries() >= unsaved_entries_max) (void)save_index();
  if (!sealed_) return;
  (void)trim();
  let_go();
}

std::size_t Segment::unsaved_entries() const {
  const std::lock_guard lock(mutex_);
  return index_loaded_ ? index_.size() - index_saved_ : noted_.size();
}

void Segment::let_go() {
  const std::lock_guard lock(mutex_);
  written_.reset();
}

Result<> Segment::trim() {
  LEAT_TRY(const auto files, files_to_write());
  const Extent extent = durable();
  LEAT_CHECK(files->log->truncate(extent.bytes));
  return files->sums->truncate(std::uint64_t{extent.batches} * sum_bytes);
}

}  // namespace leat::log
