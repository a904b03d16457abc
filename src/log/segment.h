// log/segment.h — one file of batches with its sums and its index. Format: docs/formats/segment.md.
//
// Invariant: what lies below durable() is never written again. One writer (whoever holds the log's write lock), any
// number of readers, who never see beyond durable(). Files are opened when needed, and stay open while what was written
// is not flushed for good: a flush by way of another descriptor might not hear of a failure.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "log/batch_walk.h"
#include "log/range_set.h"
#include "log/segment_scrub.h"

namespace leat::log {

class Segment {
 public:
  Segment(OpenFiles& open_files, const std::string& folder, PartitionId, SegmentName name, Extent durable);

  // Makes the files, or empties what an unfinished attempt has left. Not durable before the folder is synced.
  Result<> create();
  // Code::corrupt when a file is missing or shorter than durable(). Cuts what lies beyond; returns the bytes cut. What
  // was `rewritten` by replay gets its size anew too: a flush that failed may have lost it, and says so only once.
  Result<std::uint64_t> check_and_cut(bool rewritten);
  Result<> remove_files();

  SegmentName name() const { return name_; }
  const std::string& stem() const { return stem_; }  // the path of its files, without their extensions
  const HeaderSum& sum() const { return sum_; }
  Extent durable() const;

  // The writer's side. Space for all up to `end`, ahead of need; Code::no_space changes nothing.
  Result<> reserve(const Extent& end);
  Result<> write(std::uint64_t position, std::string_view batches, std::uint32_t ordinal, std::string_view sums);
  // A failure is final: the system reports it to one caller, of the flusher and the checkpointer, and to no later one.
  Result<> sync();
  // Moves durable() to `end`; `batches` are the places of what lies between.
  void publish(const Extent& end, const std::vector<IndexEntry>& batches);
  // What only speed and space need: brings the index file up to date, unless little has come and it is not `closing`,
  // and gives back what was reserved, if nothing more will be appended; lets go of a sealed segment's files. One caller
  // at a time. Requires: a sealed segment's durable() is all that was written, and flushed.
  void tidy(bool closing);
  // Its files need not stay open. Requires: sealed, and all of it flushed.
  void let_go();
  void seal() { sealed_ = true; }
  bool sealed() const { return sealed_; }

  // Whole batches from the one that contains `from` or else the next, before `end`; empty when this segment has none.
  // The segment may reach further than `end` already: it is published before its partition is.
  Result<Slice> read(Offset from, Offset end, std::size_t bytes_max);
  // The base offset of the first batch with a timestamp at or after `unix_ms`, if this segment has one.
  Result<std::optional<Offset>> offset_at(std::int64_t unix_ms);

  // Reads all that is durable now, what has been read before too. `next` is what comes behind it at least.
  Result<std::unique_ptr<SegmentScrub>> scrub(PartitionId, Offset next);
  // Readers check these bytes again.
  void distrust(std::uint64_t begin, std::uint64_t end);
  bool removed() const { return removed_; }

 private:
  struct Look {  // what a reader starts from
    IndexEntry from;
    std::uint64_t limit;
    std::uint64_t trusted_until;
  };

  Result<std::shared_ptr<SegmentFiles>> files_to_read();
  Result<std::shared_ptr<SegmentFiles>> files_to_write();
  Result<Slice> read_once(Offset from, Offset end, std::size_t bytes_max);
  Result<std::optional<Offset>> offset_at_once(std::int64_t unix_ms);
  template <class Ask>
  auto despite_index(Ask ask);
  BatchWalk walk(const SegmentFiles& files, const Look& look, std::size_t window, BatchWalk::Depth depth) const;
  template <class Find>
  Result<Look> look(Find find);
  Result<> load_index();
  bool drop_stored_index();
  std::size_t unsaved_entries() const;
  Result<> save_index();  // the entries that the file does not have
  Result<> trim();
  Result<> sync_once();
  std::string path(std::string_view extension) const { return stem_ + std::string(extension); }

  OpenFiles& open_files_;
  platform::Files& files_;
  const std::string stem_;
  const HeaderSum sum_;
  const SegmentName name_;
  std::uint64_t reserved_log_ = 0, reserved_sums_ = 0, step_;  // the writer's
  std::atomic<bool> sealed_ = false, removed_ = false;

  std::mutex syncing_;
  std::optional<Error> sync_failure_;  // guarded by syncing_
  std::mutex naming_;                  // held while files get or lose their names; taken before loading_index_

  std::mutex loading_index_;  // taken before mutex_
  std::uint64_t scan_until_;  // where noted_ begins; guarded by loading_index_
  mutable std::mutex mutex_;  // guards what follows
  std::weak_ptr<SegmentFiles> open_;
  std::shared_ptr<SegmentFiles> written_;  // not flushed for good
  Extent durable_;
  RangeSet verified_;
  OffsetIndex index_;
  bool index_loaded_;  // else index_ is empty and `noted_` holds what came since the segment was opened
  bool index_from_file_ = false;
  std::vector<IndexEntry> noted_;
  std::size_t index_saved_ = 1;  // entries that the file has
};

}  // namespace leat::log
