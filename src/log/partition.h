// log/partition.h — one partition: its segments, its durable end, who waits for it.
//
// What the writer knows (`tail`, `manifest`) is guarded by the log's write lock and is ahead of what readers see while
// a group is in flight. What they see has a lock of its own, held only for moments.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "log/journal_format.h"
#include "log/manifest.h"
#include "log/segment.h"
#include "log/waiter.h"

namespace leat::log {

class Partition {
 public:
  using Segments = std::vector<std::shared_ptr<Segment>>;

  // Where the next batch goes.
  struct Tail {
    std::shared_ptr<Segment> segment;
    Extent end;
    Offset next;
  };

  // `segments` are the manifest's; `epochs_stored` of its epochs are on disk in it.
  Partition(OpenFiles&, std::string folder, Manifest, std::size_t epochs_stored, Segments segments, Extent end,
            Offset next);
  // A new, empty one; durable once its folder's folder is synced.
  static Result<std::shared_ptr<Partition>> create(OpenFiles&, std::string folder, PartitionId, PartitionOptions);

  PartitionId id() const { return id_; }

  // --- under the write lock ---
  Tail tail;
  const Manifest& manifest() const { return manifest_; }
  // Ends the last segment and begins another. Requires: everything before `tail` is durable. After Code::io the log
  // must stop; any other failure changes nothing.
  Result<> roll();
  // Puts a changed manifest into force, and with it `segments` for the readers. Fails as store_manifest does.
  Result<> change(Manifest next, Segments segments);
  Segments segments() const;
  // The entries that a snapshot of the journal holds for this partition.
  void describe(GroupBuilder&) const;
  // Gone: wakes everyone.
  void close(std::vector<std::shared_ptr<Waiter>>& woken);

  // --- for the publisher ---
  // Everything before `end` is durable and in the segments: lets readers see it. Adds those who waited for it to
  // `woken`.
  void publish(Offset end, std::vector<std::shared_ptr<Waiter>>& woken);

  // --- for readers ---
  Result<Slice> read(Offset from, std::size_t bytes_max) const;
  Result<Offset> offset_at(std::int64_t unix_ms) const;
  Bounds bounds() const;
  std::vector<EpochStart> epochs() const;
  std::vector<OffsetRange> lost() const;
  // Nothing when the durable end has passed `seen` already: then the caller wakes.
  std::shared_ptr<Waiter> wait_past(Offset seen, Task& wake);

  std::mutex maintenance;  // held across one deletion or compaction; taken before the write lock

 private:
  struct View {
    std::shared_ptr<const Segments> segments;
    Bounds bounds;
    std::shared_ptr<const std::vector<OffsetRange>> lost;
  };
  View view() const;
  template <class Look>
  auto with_view(Look look) const;
  Result<Slice> read_in(const View& now, Offset from, std::size_t bytes_max) const;

  OpenFiles& open_files_;
  platform::Files& files_;
  const std::string folder_;
  const PartitionId id_;
  Manifest manifest_;
  std::size_t epochs_stored_;

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Segments> segments_;
  Bounds bounds_;
  std::vector<EpochStart> epochs_;
  std::shared_ptr<const std::vector<OffsetRange>> lost_;
  Waiters waiters_;
  bool closed_ = false;
};

}  // namespace leat::log
