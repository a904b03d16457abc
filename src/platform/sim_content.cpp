#include "platform/sim_content.h"

#include <algorithm>
#include <cstring>

namespace leat::platform {

std::size_t SimContent::read(std::uint64_t position, char* into, std::size_t size) const {
  if (position >= size_) return 0;
  size = std::min<std::uint64_t>(size, size_ - position);
  for (std::size_t done = 0; done < size;) {
    const std::size_t index = (position + done) / chunk_bytes, begin = (position + done) % chunk_bytes;
    const std::size_t part = std::min(size - done, chunk_bytes - begin);
    if (index < chunks_.size() && chunks_[index]) {
      std::memcpy(into + done, chunks_[index]->bytes + begin, part);
    } else {
      std::memset(into + done, 0, part);
    }
    done += part;
  }
  return size;
}

void SimContent::write(std::uint64_t position, std::string_view bytes) {
  if (bytes.empty()) return;
  const std::uint64_t end = position + bytes.size();
  for (; !bytes.empty();) {
    const std::size_t begin = position % chunk_bytes;
    const std::size_t part = std::min(bytes.size(), chunk_bytes - begin);
    Chunk& chunk = change(position / chunk_bytes, begin, begin + part);
    std::memcpy(chunk.bytes + begin, bytes.data(), part);
    position += part;
    bytes.remove_prefix(part);
  }
  if (end > size_) resize(end);
  syncable_size_ = std::max(syncable_size_, end);
  reserve(end);
}

void SimContent::truncate(std::uint64_t size) {
  for (std::uint64_t at = size; at < size_;) {
    const std::size_t index = at / chunk_bytes, begin = at % chunk_bytes;
    if (index >= chunks_.size()) break;
    if (chunks_[index]) {
      Chunk& chunk = change(index, begin, chunk_bytes);
      std::memset(chunk.bytes + begin, 0, chunk_bytes - begin);
    }
    at += chunk_bytes - begin;
  }
  if (size < size_) allocated_ = std::min(allocated_, size);
  resize(size);
}

void SimContent::resize(std::uint64_t size) {
  size_ = size;
  low_ = std::min(low_, size);
  syncable_size_ = size_;
}

// The chunk, ready for a change of [begin, end): the sectors it touches are saved.
SimContent::Chunk& SimContent::change(std::size_t index, std::size_t begin, std::size_t end) {
  if (index >= chunks_.size()) chunks_.resize(index + 1);
  auto& chunk = chunks_[index];
  if (!chunk) chunk = std::make_unique<Chunk>();
  if (!chunk->saved) {
    chunk->saved = std::make_unique_for_overwrite<Saved>();
    unsynced_.push_back(index);
  }
  for (std::size_t sector = begin / sector_bytes; sector <= (end - 1) / sector_bytes; ++sector) {
    const auto bit = static_cast<std::uint8_t>(1u << sector);
    Saved& saved = *chunk->saved;
    if (!(saved.dirty & bit)) {
      const std::size_t at = sector * sector_bytes;
      std::memcpy(saved.bytes + at, chunk->bytes + at, sector_bytes);
      saved.dirty |= bit;
    }
    saved.lost &= static_cast<std::uint8_t>(~bit);
  }
  return *chunk;
}

void SimContent::sync() {
  std::erase_if(unsynced_, [&](std::size_t index) {
    auto& saved = chunks_[index]->saved;
    saved->dirty &= saved->lost;
    if (saved->dirty == 0) saved.reset();
    return !saved;
  });
  durable_size_ = syncable_size_;
  low_ = std::min(size_, durable_size_);
  trim();
}

void SimContent::fail_sync() {
  for (const std::size_t index : unsynced_) chunks_[index]->saved->lost = chunks_[index]->saved->dirty;
  syncable_size_ = durable_size_;
}

void SimContent::drop_cache(Chance& chance) {
  const unsigned survival = survival_in_256(chance);
  std::erase_if(unsynced_, [&](std::size_t index) {
    Chunk& chunk = *chunks_[index];
    for (std::size_t sector = 0; sector < sectors; ++sector) {
      const std::size_t at = sector * sector_bytes;
      if ((chunk.saved->lost >> sector & 1) && !chance.toss(survival))
        std::memcpy(chunk.bytes + at, chunk.saved->bytes + at, sector_bytes);
    }
    chunk.saved->dirty &= static_cast<std::uint8_t>(~chunk.saved->lost);
    chunk.saved->lost = 0;
    if (chunk.saved->dirty == 0) chunk.saved.reset();
    return !chunk.saved;
  });
}

void SimContent::crash(Chance& chance) {
  const unsigned survival = survival_in_256(chance);
  const bool rarities = chance.toss(128);
  crash_size(chance);
  crash_chunks([&](char* now, const char* old) {
    if (rarities && chance.toss(16)) {
      // Torn in the middle: one part is old, the other new.
      const std::size_t middle = 1 + chance.below(sector_bytes - 1);
      const bool front_is_old = chance.toss(128);
      if (front_is_old) std::copy(old, old + middle, now);
      if (!front_is_old) std::copy(old + middle, old + sector_bytes, now + middle);
    } else if (rarities && chance.toss(16)) {
      // Zeros where something new was written; bytes that were already there stay, as disks do not harm neighbours.
      for (std::size_t i = 0; i < sector_bytes; ++i) now[i] = now[i] == old[i] ? now[i] : '\0';
    } else if (!chance.toss(survival)) {
      std::copy(old, old + sector_bytes, now);
    }
  });
}

void SimContent::crash(const std::function<bool()>& keeps) {
  if (size_ != durable_size_ && !keeps()) size_ = durable_size_;
  durable_size_ = low_ = allocated_ = syncable_size_ = size_;
  crash_chunks([&](char* now, const char* old) {
    if (std::memcmp(now, old, sector_bytes) != 0 && !keeps()) std::copy(old, old + sector_bytes, now);
  });
}

// A size that was not synced may be the old one, the new one, the smallest in between, or what had been written out.
void SimContent::crash_size(Chance& chance) {
  const std::uint64_t high = std::max(size_, durable_size_);
  const std::uint64_t sizes[] = {size_, durable_size_, low_, low_ + chance.below(high - low_ + 1)};
  size_ = durable_size_ = low_ = sizes[chance.below(4)];
  allocated_ = size_;
  syncable_size_ = size_;
}

// Goes through the sectors that were changed, in order. Requires: size_ is what the crash leaves.
void SimContent::crash_chunks(const std::function<void(char* now, const char* old)>& crash_sector) {
  std::ranges::sort(unsynced_);
  for (const std::size_t index : unsynced_) {
    Chunk& chunk = *chunks_[index];
    for (std::size_t sector = 0; sector < sectors; ++sector) {
      if (!(chunk.saved->dirty >> sector & 1)) continue;
      crash_sector(chunk.bytes + sector * sector_bytes, chunk.saved->bytes + sector * sector_bytes);
    }
    chunk.saved.reset();
    const std::uint64_t start = std::uint64_t(index) * chunk_bytes;
    const std::size_t kept = size_ <= start ? 0 : std::min<std::uint64_t>(chunk_bytes, size_ - start);
    std::memset(chunk.bytes + kept, 0, chunk_bytes - kept);
  }
  unsynced_.clear();
  trim();
}

// Chunks behind the end that nobody needs any more, neither to see nor to go back to.
void SimContent::trim() {
  const std::size_t needed = (size_ + chunk_bytes - 1) / chunk_bytes;
  while (chunks_.size() > needed && (!chunks_.back() || !chunks_.back()->saved)) chunks_.pop_back();
}

}  // namespace leat::platform
