#include "database/shared_file.h"

#include "base/result.h"

namespace leat::database {
namespace {

std::uint8_t bits(int first, int count) { return static_cast<std::uint8_t>(((1 << count) - 1) << first); }

}  // namespace

bool FileLocks::raise(const void* holder, LockLevel& level, LockLevel to) {
  const std::lock_guard lock(mutex_);
  if (level >= to) return true;
  if (to == LockLevel::shared) {
    if (closed_) return false;
    ++readers_;
    level = to;
    return true;
  }
  LEAT_ASSERT(level >= LockLevel::shared);
  if (writer_ && writer_ != holder) return false;
  writer_ = holder;
  if (to == LockLevel::reserved) {
    level = to;
    return true;
  }
  closed_ = true;
  level = readers_ == 1 ? LockLevel::exclusive : LockLevel::pending;
  return level >= to;
}

void FileLocks::lower(const void* holder, LockLevel& level, LockLevel to) {
  const std::lock_guard lock(mutex_);
  if (level <= to) return;
  if (writer_ == holder) {
    writer_ = nullptr;
    closed_ = false;
  }
  if (to == LockLevel::none) --readers_;
  level = to;
}

bool FileLocks::reserved() const {
  const std::lock_guard lock(mutex_);
  return writer_ != nullptr;
}

void WalIndex::attach() {
  const std::lock_guard lock(mutex_);
  ++users_;
}

void WalIndex::detach() {
  const std::lock_guard lock(mutex_);
  if (--users_ == 0) regions_.clear();
}

volatile void* WalIndex::region(std::size_t index, std::size_t size, bool make) {
  const std::lock_guard lock(mutex_);
  if (index >= regions_.size() && !make) return nullptr;
  while (index >= regions_.size()) regions_.push_back(std::make_unique<char[]>(size));
  return regions_[index].get();
}

bool WalIndex::lock(Held& held, int first, int count, bool exclusive) {
  const std::lock_guard lock(mutex_);
  const auto wanted = bits(first, count);
  if (exclusive_ & wanted & ~held.exclusive) return false;
  for (int i = first; i < first + count; ++i) {
    const int own = held.shared >> i & 1;
    if (exclusive && readers_[i] > own) return false;
    if (!exclusive && !own) ++readers_[i];
  }
  if (exclusive) {
    exclusive_ |= wanted;
    held.exclusive |= wanted;
  } else {
    held.shared |= wanted;
  }
  return true;
}

void WalIndex::unlock(Held& held, int first, int count, bool exclusive) {
  const std::lock_guard lock(mutex_);
  const auto given = bits(first, count);
  if (exclusive) {
    exclusive_ &= static_cast<std::uint8_t>(~(given & held.exclusive));
    held.exclusive &= static_cast<std::uint8_t>(~given);
    return;
  }
  for (int i = first; i < first + count; ++i)
    if (held.shared >> i & 1) --readers_[i];
  held.shared &= static_cast<std::uint8_t>(~given);
}

std::shared_ptr<SharedFile> SharedFiles::of(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::erase_if(files_, [](const auto& entry) { return entry.second.expired(); });
  auto& known = files_[path];
  auto file = known.lock();
  if (!file) known = file = std::make_shared<SharedFile>();
  return file;
}

}  // namespace leat::database
