// platform/sim_files.h — files in memory that lose, on crash, part of what was not synced. The same seed tears the same
// bytes, so a failing test prints one number to replay it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform/files.h"

namespace leat::platform {

// Written bytes reach the "disk" in sectors of 512 bytes. What was synced always survives. Of the rest, a crash keeps,
// for each sector, the old or the new content (or, rarely, a sector torn in the middle, or zeros where it was changed),
// each by its own toss; a size that was not synced becomes the old one, the new one or one in between. Names are lost
// apart from content, and the other way round: each create, rename or remove since its folder's last sync survives
// whole or not at all, for each name in order.
//
// Bytes of a sector that were not written are never harmed, as the disks that databases rely on have it.
// Paths are taken from the root, "." parts fall away, ".." is not for us. Safe to use from any thread.
class SimFiles final : public Files {
 public:
  explicit SimFiles(std::uint64_t seed);
  ~SimFiles() override;

  Result<std::unique_ptr<File>> open(const std::string& path, Open how) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileSystem>> file_system(const std::string& path) override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

  // The power goes at the `operations`-th changing call (write, sync, create, rename, remove, truncate, reserve) from
  // now: that call and every later one of any kind fails with Code::io and changes nothing, until restart().
  void crash_after(std::uint64_t operations);
  void crash();  // now
  bool crashed() const;
  // The next restart tears nothing, and keeps of each change that was not synced (a name, a size, a sector whose bytes
  // differ; oldest name first, then file by file) what `kept` says, in order; those beyond its end too.
  void keep(std::vector<bool> kept);
  std::size_t changes_at_crash() const;  // how many there were
  void restart();                        // keeps what the crash left; the disk works again; locks are free
  std::uint64_t operations() const;      // changing calls so far: what crash_after counts

  // The next sync fails with Code::io; what it covered may or may not be on the disk, and a second sync lies: it
  // succeeds without writing it (as Linux does).
  void fail_next_sync();
  void fail_next_write(Code code = Code::io);
  // Writes and reservations beyond this many bytes of all files together fail with Code::no_space. 0: no bound.
  void set_capacity(std::uint64_t bytes);

  // Planted faults for the tests of the tests: pretend to sync.
  void ignore_syncs(bool);

 private:
  friend class SimFile;
  friend class SimFileSystem;
  friend class SimLock;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace leat::platform
