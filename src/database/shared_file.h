// database/shared_file.h — what the connections to one database file share: locks and the WAL's index. Of this room
// only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace leat::database {

enum class LockLevel { none, shared, reserved, pending, exclusive };  // as SQLite numbers them

// SQLite's protocol of five levels: any number of readers, one of them about to write, who in the end is alone.
class FileLocks {
 public:
  // False: held by another. A reader that asks for `exclusive` and must wait keeps new readers out meanwhile
  // (`pending`).
  bool raise(const void* holder, LockLevel&, LockLevel to);
  void lower(const void* holder, LockLevel&, LockLevel to);
  bool reserved() const;

 private:
  mutable std::mutex mutex_;
  int readers_ = 0;
  const void* writer_ = nullptr;  // reserved, pending or exclusive
  bool closed_ = false;           // for new readers
};

// The WAL's index: memory in regions and eight locks, each shared or exclusive.
class WalIndex {
 public:
  static constexpr int locks = 8;

  // What one connection holds: bit by lock.
  struct Held {
    std::uint8_t shared = 0, exclusive = 0;
  };

  void attach();
  void detach();  // the last one takes the memory along: the next recovers it from the WAL

  // Null when the region is not there and shall not be made. New memory is zero. It stays until the last detach().
  volatile void* region(std::size_t index, std::size_t size, bool make);

  bool lock(Held&, int first, int count, bool exclusive);
  void unlock(Held&, int first, int count, bool exclusive);

 private:
  std::mutex mutex_;
  int users_ = 0;
  std::vector<std::unique_ptr<char[]>> regions_;
  std::array<int, locks> readers_{};
  std::uint8_t exclusive_ = 0;
};

struct SharedFile {
  FileLocks locks;
  WalIndex index;
};

// Connections to the same path get the same SharedFile, for as long as one of them is open.
class SharedFiles {
 public:
  std::shared_ptr<SharedFile> of(const std::string& path);

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<SharedFile>> files_;
};

}  // namespace leat::database
