#include "platform/sim_disk.h"

#include <utility>

namespace leat::platform {

Result<> SimFiles::State::alive() const {
  if (crashed) return fail(Code::io, "the simulated machine has crashed");
  return {};
}

Result<> SimFiles::State::change() {
  LEAT_CHECK(alive());
  ++operations;
  if (crash_at == operations) crashed = true;
  return alive();
}

Result<SimNodePtr> SimFiles::State::open(const std::string& path, Open how) {
  LEAT_CHECK(alive());
  LEAT_TRY(const auto place, tree.find(path));
  if (place.node && how == Open::create_new) return fail(Code::conflict, "open " + path + ": exists");
  if (place.node && place.node->folder) return fail(Code::invalid, "open " + path + ": is a folder");
  if (place.node) return place.node;
  if (how == Open::read || how == Open::write || how == Open::write_direct)
    return fail(Code::not_found, "open " + path + ": no such file");
  LEAT_CHECK(change());
  return tree.create(place, false);
}

Result<SimNodePtr> SimFiles::State::folder(const std::string& path) const {
  LEAT_TRY(const auto place, tree.find(path));
  if (!place.node || !place.node->folder) return fail(Code::not_found, path + ": no such folder");
  return place.node;
}

Result<> SimFiles::State::make_directory(const std::string& path) {
  auto place = tree.find(path);
  if (!place) {
    const auto slash = path.find_last_of('/', path.find_last_not_of('/'));
    if (path.empty() || slash == std::string::npos) return fail(place.error());
    const auto parent = make_directory(path.substr(0, slash));
    if (!parent) return parent.error().code == Code::conflict ? fail(place.error()) : parent;
    place = tree.find(path);
  }
  if (place->node && !place->node->folder) return fail(Code::conflict, "make directory " + path + ": is a file");
  if (place->node) return {};
  LEAT_CHECK(change());
  tree.create(*place, true);
  return {};
}

void SimFiles::State::lose_what_was_not_synced() {
  if (kept) {
    lose_what_is_not_kept();
  } else {
    const unsigned survival = survival_in_256(chance);
    tree.crash([&] { return chance.toss(survival); });
    for (const auto& [id, weak] : std::exchange(unsettled, {})) {
      // Each file has tosses of its own, so that one more write in this one does not change the fate of that one.
      Chance own = chance.fork();
      if (const auto node = weak.lock()) edit(node, [&](SimContent& content) { content.crash(own); });
    }
  }
  locked.clear();
  ++life;
  crash_at.reset();
  write_fails.reset();
  crashed = sync_fails = false;
}

void SimFiles::State::lose_what_is_not_kept() {
  changes_seen = 0;
  const auto keeps = [this] {
    const std::size_t change = changes_seen++;
    return change >= kept->size() || (*kept)[change];
  };
  tree.crash(keeps);
  for (const auto& [id, weak] : std::exchange(unsettled, {}))
    if (const auto node = weak.lock()) edit(node, [&](SimContent& content) { content.crash(keeps); });
  kept.reset();
}

bool SimFiles::State::has_room(const SimNode& node, std::uint64_t allocated) const {
  const std::uint64_t already = node.content.allocated();
  return capacity == 0 || allocated <= already || tree.disk_used() + (allocated - already) <= capacity;
}

SimFile::SimFile(std::shared_ptr<SimFiles::State> disk, SimNodePtr node, std::string path, Open how)
    : disk_(std::move(disk)), node_(std::move(node)), path_(std::move(path)), life_(disk_->life), how_(how) {}

std::unexpected<Error> SimFile::failure(Code code, std::string_view what) const {
  return fail(code, path_ + ": " + std::string(what));
}

Result<> SimFile::alive() const {
  if (life_ != disk_->life) return failure(Code::io, "was opened before the crash");
  return disk_->alive();
}

Result<> SimFile::change() {
  LEAT_CHECK(alive());
  if (how_ == Open::read) return failure(Code::io, "is open for reading only");
  return disk_->change();
}

Result<std::size_t> SimFile::read_at(std::uint64_t position, char* into, std::size_t size) {
  const std::lock_guard held(disk_->mutex);
  LEAT_CHECK(alive());
  return node_->content.read(position, into, size);
}

Result<> SimFile::write_at(std::uint64_t position, std::string_view bytes) {
  const std::lock_guard held(disk_->mutex);
  if (bytes.empty()) return alive();
  if (how_ == Open::write_direct)
    LEAT_ASSERT(position % direct_block_bytes == 0 && bytes.size() % direct_block_bytes == 0);
  LEAT_CHECK(change());
  auto failing = std::exchange(disk_->write_fails, std::nullopt);
  if (!failing && !disk_->has_room(*node_, position + bytes.size())) failing = Code::no_space;
  if (failing) {
    // Some part may have been written: here, a beginning that takes no more space than the file already has.
    const std::uint64_t room = std::max(node_->content.allocated(), position) - position;
    bytes = bytes.substr(0, disk_->chance.below(std::min<std::uint64_t>(room, bytes.size()) + 1));
  }
  disk_->edit(node_, [&](SimContent& content) { content.write(position, bytes); });
  if (failing) return failure(*failing, "write failed on command or for lack of space");
  return {};
}

Result<> SimFile::sync() {
  const std::lock_guard held(disk_->mutex);
  // A file open for reading may be synced too, as POSIX has it.
  LEAT_CHECK(alive());
  LEAT_CHECK(disk_->change());
  const bool fails = std::exchange(disk_->sync_fails, false);
  if (fails || !disk_->syncs_ignored)
    disk_->edit(node_, [&](SimContent& content) { fails ? content.fail_sync() : content.sync(); });
  if (fails) return failure(Code::io, "sync failed on command");
  return {};
}

// The contents; names are left to those who sync their folders.
Result<> SimFileSystem::sync() {
  const std::lock_guard held(disk_->mutex);
  if (life_ != disk_->life) return fail(Code::io, "the file system was opened before the crash");
  LEAT_CHECK(disk_->change());
  const bool fails = std::exchange(disk_->sync_fails, false);
  if (fails || !disk_->syncs_ignored) {
    const auto unsettled = disk_->unsettled;
    for (const auto& [id, weak] : unsettled) {
      const auto node = weak.lock();
      if (node) disk_->edit(node, [&](SimContent& content) { fails ? content.fail_sync() : content.sync(); });
    }
  }
  if (fails) return fail(Code::io, "sync of the file system failed on command");
  return {};
}

Result<std::uint64_t> SimFile::size() {
  const std::lock_guard held(disk_->mutex);
  LEAT_CHECK(alive());
  return node_->content.size();
}

Result<> SimFile::truncate(std::uint64_t size) {
  const std::lock_guard held(disk_->mutex);
  LEAT_CHECK(change());
  disk_->edit(node_, [&](SimContent& content) { content.truncate(size); });
  return {};
}

Result<> SimFile::reserve(std::uint64_t position, std::uint64_t length) {
  const std::lock_guard held(disk_->mutex);
  if (length == 0) return alive();
  LEAT_CHECK(change());
  if (!disk_->has_room(*node_, position + length)) return failure(Code::no_space, "no room to reserve");
  disk_->edit(node_, [&](SimContent& content) { content.reserve(position + length); });
  return {};
}

void SimFile::drop_cache() {
  const std::lock_guard held(disk_->mutex);
  if (alive()) disk_->edit(node_, [&](SimContent& content) { content.drop_cache(disk_->chance); });
}

}  // namespace leat::platform
