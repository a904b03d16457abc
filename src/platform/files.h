// platform/files.h — the seam to the disk. RealFiles is the operating system; SimFiles (sim_files.h) loses, tears,
// reorders and fails on command.
//
// What is promised and what is not is POSIX's: written bytes survive a crash only after sync(); a created, renamed or
// removed name only after sync_directory() of its folder; in between, any subset of what was done may survive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leat::platform {

// An open file. Safe for concurrent reads; one writer at a time. Short reads and writes and EINTR are handled inside.
class File {
 public:
  virtual ~File() = default;

  // Reads up to `size` bytes at `position`; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t size) = 0;
  // Writes all of `bytes`. On failure any part of them may have been written. Code::no_space when the disk is full.
  virtual Result<> write_at(std::uint64_t position, std::string_view bytes) = 0;
  // Makes everything written so far durable (fdatasync). After a failure, whatever it covered is in an unknown state:
  // never try again, never acknowledge.
  virtual Result<> sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<> truncate(std::uint64_t size) = 0;
  // Reserves disk blocks for [position, position + length) without changing the file's size; on a file system that
  // cannot do that the file grows to there by zeros. Code::no_space when the disk has no room; then nothing changed and
  // a later try may succeed.
  virtual Result<> reserve(std::uint64_t position, std::uint64_t length) = 0;
  // Asks that following reads come from the disk, not from memory (after a crash: what the disk really holds).
  virtual void drop_cache() = 0;
};

// A whole file system, for whoever has so many files to flush that one flush of everything is cheaper.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // As File::sync() of every file of it. A failure tells of any that could not be written since it was opened.
  virtual Result<> sync() = 0;
};

// Held while a folder is ours; released by the destructor or the death of the process (flock, not a pid file).
class Lock {
 public:
  virtual ~Lock() = default;
};

enum class Open {
  read,
  write,         // must exist
  write_direct,  // must exist; past the page cache where the file system can do that, for what nobody reads soon.
                 // Requires: positions and sizes of write_at are multiples of direct_block_bytes
  create,        // made when missing
  create_new     // must not exist
};
inline constexpr std::size_t direct_block_bytes = 4096;

class Files {
 public:
  virtual ~Files() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, Open how) = 0;
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;      // replaces `to` atomically
  virtual Result<> remove(const std::string& path) = 0;                             // a file or an empty folder
  virtual Result<> make_directory(const std::string& path) = 0;                     // with parents; fine if it exists
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<> sync_directory(const std::string& path) = 0;
  // That of an existing path; null where a flush of the whole would not tell of failures.
  virtual Result<std::unique_ptr<FileSystem>> file_system(const std::string&) { return nullptr; }
  // Code::conflict when another process holds it.
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;
};

// The whole of a small file. Code::too_large beyond `bytes_max`.
Result<std::string> read_file(Files&, const std::string& path, std::uint64_t bytes_max = 64 << 20);

// Replaces `path` so that after a crash it holds the old bytes or the new ones, never a mixture: writes beside it,
// syncs, renames, syncs the folder.
Result<> replace_file(Files&, const std::string& path, std::string_view bytes);

// Removes a folder and all that is in it; symbolic links, not what they lead to.
Result<> remove_tree(Files&, const std::string& path);

}  // namespace leat::platform
