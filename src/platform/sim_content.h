// platform/sim_content.h — the bytes of one simulated file: what programs see, and what it takes to go back to what the
// disk holds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "platform/chance.h"

namespace leat::platform {

// Invariant: a sector without a saved old version is the same in memory and on the disk; bytes beyond size() are zero.
// No call costs more than the bytes it names; sync() and crash() cost what was changed since the last sync.
class SimContent {
 public:
  static constexpr std::size_t sector_bytes = 512;

  std::uint64_t size() const { return size_; }
  std::uint64_t allocated() const { return allocated_; }  // disk space taken, by writes and reservations
  bool settled() const { return unsynced_.empty() && size_ == durable_size_ && low_ == size_; }

  std::size_t read(std::uint64_t position, char* into, std::size_t size) const;
  void write(std::uint64_t position, std::string_view bytes);
  void truncate(std::uint64_t size);
  void reserve(std::uint64_t end) { allocated_ = std::max(allocated_, end); }

  void sync();
  // What is unsynced now may or may not be on the disk, and only writing it again lets a later sync() cover it.
  void fail_sync();
  // Memory forgets what a failed sync covered: from here on reads see what the disk got.
  void drop_cache(Chance&);
  void crash(Chance&);
  // Nothing torn: `keeps` is asked for the size, if it was changed, and for each sector whose bytes were.
  void crash(const std::function<bool()>& keeps);

 private:
  static constexpr std::size_t chunk_bytes = 4096;
  static constexpr std::size_t sectors = chunk_bytes / sector_bytes;

  // Old versions of a chunk's sectors; one bit for each sector.
  struct Saved {
    char bytes[chunk_bytes];
    std::uint8_t dirty = 0;  // has an old version here
    std::uint8_t lost = 0;   // ... and a failed sync covered it
  };
  struct Chunk {
    char bytes[chunk_bytes] = {};
    std::unique_ptr<Saved> saved;
  };

  Chunk& change(std::size_t index, std::size_t begin, std::size_t end);
  void resize(std::uint64_t size);
  void crash_size(Chance&);
  void crash_chunks(const std::function<void(char* now, const char* old)>& crash_sector);
  void trim();

  std::vector<std::unique_ptr<Chunk>> chunks_;  // none: zeros
  std::vector<std::size_t> unsynced_;           // chunks with saved sectors
  std::uint64_t size_ = 0, durable_size_ = 0;
  std::uint64_t low_ = 0;  // the smallest size since the last sync
  std::uint64_t allocated_ = 0;
  std::uint64_t syncable_size_ = 0;  // what sync() makes durable: size(), or less of it after a failed sync
};

}  // namespace leat::platform
