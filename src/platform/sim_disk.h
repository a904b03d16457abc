// platform/sim_disk.h — what SimFiles, its open files and its locks share: one disk, its faults, one mutex.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "platform/sim_files.h"
#include "platform/sim_tree.h"

namespace leat::platform {

// Requires: whoever calls or reads anything here holds `mutex`.
struct SimFiles::State {
  explicit State(std::uint64_t seed) : chance(seed) {}

  Result<> alive() const;  // fails from a crash until the restart
  Result<> change();       // counts a changing call, which may be the one at which the power goes
  Result<SimNodePtr> open(const std::string& path, Open how);
  Result<SimNodePtr> folder(const std::string& path) const;
  Result<> make_directory(const std::string& path);
  void lose_what_was_not_synced();
  void lose_what_is_not_kept();

  // Bytes that the disk can still take for a file that would then take `allocated` bytes in all.
  bool has_room(const SimNode&, std::uint64_t allocated) const;
  // Runs `edit` on the file's content and keeps the books: space used, what is unsynced.
  template <class Edit>
  void edit(const SimNodePtr& node, Edit edit) {
    const std::uint64_t before = node->content.allocated();
    const bool was_settled = node->content.settled();
    edit(node->content);
    *node->disk_used += node->content.allocated() - before;
    const bool settled = node->content.settled();
    if (was_settled && !settled) unsettled.emplace(node->id, node);
    if (!was_settled && settled) unsettled.erase(node->id);
  }

  mutable std::mutex mutex;
  Chance chance;
  SimTree tree;
  std::map<std::uint64_t, std::weak_ptr<SimNode>> unsettled;  // files with something unsynced, oldest first
  std::set<std::uint64_t> locked;                             // ids of nodes
  std::uint64_t life = 0;                                     // counts restarts: what was opened before one is dead
  std::uint64_t operations = 0;
  std::optional<std::uint64_t> crash_at;
  bool crashed = false;
  bool sync_fails = false;
  bool syncs_ignored = false;
  std::optional<Code> write_fails;
  std::uint64_t capacity = 0;
  std::optional<std::vector<bool>> kept;  // see SimFiles::keep
  std::size_t changes_seen = 0;
};

class SimFile final : public File {
 public:
  SimFile(std::shared_ptr<SimFiles::State>, SimNodePtr, std::string path, Open how);

  Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t size) override;
  Result<> write_at(std::uint64_t position, std::string_view bytes) override;
  Result<> sync() override;
  Result<std::uint64_t> size() override;
  Result<> truncate(std::uint64_t size) override;
  Result<> reserve(std::uint64_t position, std::uint64_t length) override;
  void drop_cache() override;

 private:
  Result<> alive() const;
  Result<> change();
  std::unexpected<Error> failure(Code code, std::string_view what) const;

  std::shared_ptr<SimFiles::State> disk_;
  SimNodePtr node_;
  std::string path_;
  std::uint64_t life_;
  Open how_;
};

class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(std::shared_ptr<SimFiles::State> disk) : disk_(std::move(disk)), life_(disk_->life) {}
  Result<> sync() override;

 private:
  std::shared_ptr<SimFiles::State> disk_;
  std::uint64_t life_;
};

class SimLock final : public Lock {
 public:
  SimLock(std::shared_ptr<SimFiles::State> disk, SimNodePtr node)
      : disk_(std::move(disk)), node_(std::move(node)), life_(disk_->life) {}
  ~SimLock() override {
    const std::lock_guard held(disk_->mutex);
    if (life_ == disk_->life) disk_->locked.erase(node_->id);
  }

 private:
  std::shared_ptr<SimFiles::State> disk_;
  SimNodePtr node_;
  std::uint64_t life_;
};

}  // namespace leat::platform
