// platform/sim_files.h — files in memory that lose, on crash, part of what was not synced. The same seed tears the same
// bytes, so a failing test prints one number to replay it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "platform/files.h"

namespace leat::platform {

// Written bytes reach the "disk" in sectors of 512 bytes. crash() keeps, for each sector written since its file's last
// sync, the old or the new content (or, rarely, a sector torn in the middle or full of zeros), each by its own toss;
// for each folder change (create, rename, remove) since the folder's last sync likewise, in order for each name.
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
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

  // The power goes at the `operations`-th changing call (write, sync, create, rename, remove, truncate, reserve) from
  // now: that call and every later one of any kind fails with Code::io and changes nothing, until restart().
  void crash_after(std::uint64_t operations);
  void crash();  // now
  bool crashed() const;
  void restart();                    // keeps what the crash left; the disk works again; locks are free
  std::uint64_t operations() const;  // changing calls so far: what crash_after counts

  // The next sync fails with Code::io; what it covered may or may not be on the disk, and a second sync lies: it
  // succeeds without writing it (as Linux does).
  void fail_next_sync();
  void fail_next_write(Code code = Code::io);
  // Writes and reservations beyond this many bytes in all fail with Code::no_space. 0: no bound.
  void set_capacity(std::uint64_t bytes);

  // Planted faults for the tests of the tests: pretend to sync.
  void ignore_syncs(bool);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace leat::platform
