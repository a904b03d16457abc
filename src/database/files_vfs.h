// database/files_vfs.h — SQLite on platform::Files: what loses, tears and fails there does so under SQLite too.
#pragma once

#include <memory>
#include <string>

#include "platform/platform.h"

namespace leat::database {

// A VFS of SQLite by the name that Options::vfs gives. WAL mode with many connections works; locks and the WAL's index
// live in this process, so no other process may have the files open. Of the disk it claims what SQLite claims of every
// disk: sectors of 512 bytes, and no harm to bytes that were not written. Temporary files are refused (a Database keeps
// them in memory).
//
// Made for simulation: it also seeds SQLite's generator from `platform.random`, for the whole process while it lives,
// so that a seed replays exactly. One at a time; every Database on it is closed before it ends.
class FilesVfs {
 public:
  FilesVfs(std::string name, platform::Platform);
  ~FilesVfs();
  FilesVfs(const FilesVfs&) = delete;
  FilesVfs& operator=(const FilesVfs&) = delete;

  const std::string& name() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace leat::database
