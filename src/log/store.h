// log/store.h — what the parts of one open log share, and the one lock that orders its writes.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>

#include "log/journal.h"
#include "log/log.h"
#include "log/partition.h"

namespace leat::log {

// Set once, by the first failed flush; never taken back.
class Failure {
 public:
  void set(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    why_ = error.what;
    failed_ = true;
  }
  bool failed() const { return failed_; }
  Error error() const {
    const std::lock_guard lock(mutex_);
    return {Code::unavailable, "the log has stopped: " + why_};
  }

 private:
  mutable std::mutex mutex_;
  std::atomic<bool> failed_ = false;
  std::string why_;
};

class PartitionTable {
 public:
  std::shared_ptr<Partition> find(PartitionId id) const {
    const std::shared_lock lock(mutex_);
    const auto at = partitions_.find(id);
    return at == partitions_.end() ? nullptr : at->second;
  }
  void add(std::shared_ptr<Partition> partition) {
    const std::unique_lock lock(mutex_);
    const PartitionId id = partition->id();
    partitions_.emplace(id, std::move(partition));
  }
  void remove(PartitionId id) {
    const std::unique_lock lock(mutex_);
    partitions_.erase(id);
  }
  std::vector<std::shared_ptr<Partition>> all() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::shared_ptr<Partition>> all;
    for (const auto& [id, partition] : partitions_) all.push_back(partition);
    return all;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<PartitionId, std::shared_ptr<Partition>> partitions_;
};

struct Counters {
  std::atomic<std::uint64_t> appends = 0, append_bytes = 0, direct_bytes = 0, flushes = 0, flush_nanoseconds = 0,
                             flush_nanoseconds_max = 0, checkpoints = 0;
};

class Publisher;

struct Store {
  platform::Platform platform;
  std::string directory;
  Options options;
  OpenFiles open_files{platform.files, options.open_segments_max};

  std::mutex writing;  // the write lock: journal, tails, manifests, `dirty`
  // The write lock, when all that was flushed is in the segments and visible: for whoever does not only append.
  std::unique_lock<std::mutex> quiet();
  std::unique_ptr<Journal> journal;
  std::set<std::shared_ptr<Segment>> dirty;  // written since the last rotation and not flushed
  PartitionTable partitions;
  Failure failure;
  Counters counters;
  std::shared_ptr<Publisher> publisher;  // nothing during recovery
  // That of the partitions; null where it cannot be flushed as a whole.
  std::unique_ptr<platform::FileSystem> file_system;

  std::string partitions_folder() const { return directory + "/partitions"; }
  std::string journal_folder() const { return directory + "/journal"; }
  std::string folder(PartitionId id) const { return partitions_folder() + "/" + text(id); }
};

// What the journal's snapshot says: every partition's end. Requires: the write lock, as quiet() gives it.
inline void describe_all(const Store& store, GroupBuilder& group) {
  for (const auto& partition : store.partitions.all()) partition->describe(group);
}

}  // namespace leat::log
