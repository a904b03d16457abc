#include "platform/sim_files.h"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "platform/sim_disk.h"

namespace leat::platform {

SimFiles::SimFiles(std::uint64_t seed) : state_(std::make_shared<State>(seed)) {}
SimFiles::~SimFiles() = default;

Result<std::unique_ptr<File>> SimFiles::open(const std::string& path, Open how) {
  const std::lock_guard held(state_->mutex);
  LEAT_TRY(SimNodePtr node, state_->open(path, how));
  return std::make_unique<SimFile>(state_, std::move(node), path, how);
}

Result<> SimFiles::rename(const std::string& from, const std::string& to) {
  const std::lock_guard held(state_->mutex);
  LEAT_CHECK(state_->alive());
  LEAT_TRY(const auto source, state_->tree.find(from));
  LEAT_TRY(const auto target, state_->tree.find(to));
  if (!source.node) return fail(Code::not_found, "rename " + from + ": no such file or folder");
  if (source.node == target.node) return {};
  if (state_->tree.leads_through(to, source.node)) return fail(Code::io, "rename: " + to + " is inside " + from);
  if (target.node && state_->tree.leads_through(from, target.node))
    return fail(Code::conflict, "rename: " + to + " is not empty");
  if (target.node && target.node->folder != source.node->folder)
    return fail(target.node->folder ? Code::invalid : Code::not_found,
                "rename " + from + ": " + to + " is of another kind");
  if (target.node && !target.node->entries.empty()) return fail(Code::conflict, "rename: " + to + " is not empty");
  LEAT_CHECK(state_->change());
  state_->tree.rename(source, target);
  return {};
}

Result<> SimFiles::remove(const std::string& path) {
  const std::lock_guard held(state_->mutex);
  LEAT_CHECK(state_->alive());
  LEAT_TRY(const auto place, state_->tree.find(path));
  if (!place.node) return fail(Code::not_found, "remove " + path + ": no such file or folder");
  if (place.name.empty()) return fail(Code::io, "remove: the root cannot be removed");
  if (!place.node->entries.empty()) return fail(Code::conflict, "remove " + path + ": not empty");
  LEAT_CHECK(state_->change());
  state_->tree.remove(place);
  return {};
}

Result<> SimFiles::make_directory(const std::string& path) {
  const std::lock_guard held(state_->mutex);
  LEAT_CHECK(state_->alive());
  return state_->make_directory(path);
}

Result<std::vector<std::string>> SimFiles::list(const std::string& directory) {
  const std::lock_guard held(state_->mutex);
  LEAT_CHECK(state_->alive());
  LEAT_TRY(const SimNodePtr folder, state_->folder(directory));
  std::vector<std::string> names;
  names.reserve(folder->entries.size());
  for (const auto& [name, node] : folder->entries) names.push_back(name);
  return names;
}

Result<bool> SimFiles::exists(const std::string& path) {
  const std::lock_guard held(state_->mutex);
  LEAT_CHECK(state_->alive());
  const auto place = state_->tree.find(path);
  return place && place->node;
}

Result<> SimFiles::sync_directory(const std::string& path) {
  const std::lock_guard held(state_->mutex);
  LEAT_CHECK(state_->alive());
  LEAT_TRY(const SimNodePtr folder, state_->folder(path));
  LEAT_CHECK(state_->change());
  if (std::exchange(state_->sync_fails, false)) {
    state_->tree.fail_sync(folder);
    return fail(Code::io, "sync " + path + ": failed on command");
  }
  if (!state_->syncs_ignored) state_->tree.sync(folder);
  return {};
}

Result<std::unique_ptr<FileSystem>> SimFiles::file_system(const std::string& path) {
  const std::lock_guard held(state_->mutex);
  LEAT_TRY(const auto place, state_->tree.find(path));
  if (!place.node) return fail(Code::not_found, path + ": no such file or folder");
  return std::make_unique<SimFileSystem>(state_);
}

Result<std::unique_ptr<Lock>> SimFiles::lock(const std::string& path) {
  const std::lock_guard held(state_->mutex);
  LEAT_TRY(const SimNodePtr node, state_->open(path, Open::create));
  const bool free = state_->locked.insert(node->id).second;
  if (!free) return fail(Code::conflict, path + " is locked by another process");
  return std::make_unique<SimLock>(state_, node);
}

void SimFiles::crash_after(std::uint64_t operations) {
  const std::lock_guard held(state_->mutex);
  if (operations == 0) state_->crashed = true;
  state_->crash_at = state_->operations + operations;
}

void SimFiles::crash() { crash_after(0); }

bool SimFiles::crashed() const {
  const std::lock_guard held(state_->mutex);
  return state_->crashed;
}

void SimFiles::restart() {
  const std::lock_guard held(state_->mutex);
  if (state_->crashed) state_->lose_what_was_not_synced();
}

void SimFiles::keep(std::vector<bool> kept) {
  const std::lock_guard held(state_->mutex);
  state_->kept = std::move(kept);
}

std::size_t SimFiles::changes_at_crash() const {
  const std::lock_guard held(state_->mutex);
  return state_->changes_seen;
}

std::uint64_t SimFiles::operations() const {
  const std::lock_guard held(state_->mutex);
  return state_->operations;
}

void SimFiles::fail_next_sync() {
  const std::lock_guard held(state_->mutex);
  state_->sync_fails = true;
}

void SimFiles::fail_next_write(Code code) {
  const std::lock_guard held(state_->mutex);
  state_->write_fails = code;
}

void SimFiles::set_capacity(std::uint64_t bytes) {
  const std::lock_guard held(state_->mutex);
  state_->capacity = bytes;
}

void SimFiles::ignore_syncs(bool ignore) {
  const std::lock_guard held(state_->mutex);
  state_->syncs_ignored = ignore;
}

}  // namespace leat::platform
