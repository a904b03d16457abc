#include "platform/sim_tree.h"

#include <algorithm>
#include <ranges>
#include <set>

namespace leat::platform {
namespace {

std::vector<std::string> steps(std::string_view path) {
  std::vector<std::string> names;
  for (const auto part : path | std::views::split('/')) {
    const std::string_view name(part.begin(), part.end());
    LEAT_ASSERT(name != "..");  // nothing of ours walks upwards
    if (!name.empty() && name != ".") names.emplace_back(name);
  }
  return names;
}

// Names seen so far, each in its folder. Ordered by address: for membership only, so that seeds replay.
using Names = std::set<std::pair<const SimNode*, std::string>>;

}  // namespace

SimTree::SimTree() : root_(std::make_shared<SimNode>(nodes_made_++, true, disk_used_)) {}

Result<SimTree::Place> SimTree::find(const std::string& path) const {
  const auto names = steps(path);
  if (path.empty()) return fail(Code::not_found, "an empty path names nothing");
  if (names.empty()) return Place{root_, "", root_};
  SimNodePtr folder = root_;
  for (std::size_t i = 0;; ++i) {
    const auto entry = folder->entries.find(names[i]);
    const SimNodePtr node = entry == folder->entries.end() ? nullptr : entry->second;
    if (i + 1 == names.size()) return Place{folder, names[i], node};
    if (!node || !node->folder) return fail(Code::not_found, path + ": " + names[i] + " is no folder");
    folder = node;
  }
}

bool SimTree::leads_through(const std::string& path, const SimNodePtr& folder) const {
  SimNodePtr node = root_;
  for (const auto& name : steps(path)) {
    if (node == folder) return true;
    const auto entry = node->entries.find(name);
    if (entry == node->entries.end()) return false;
    node = entry->second;
  }
  return node == folder;
}

SimNodePtr SimTree::create(const Place& at, bool folder) {
  auto node = std::make_shared<SimNode>(nodes_made_++, folder, disk_used_);
  apply({{{at.folder, at.name, nullptr, node}}});
  return node;
}

void SimTree::remove(const Place& at) { apply({{{at.folder, at.name, at.node, nullptr}}}); }

void SimTree::rename(const Place& from, const Place& to) {
  apply({{{from.folder, from.name, from.node, nullptr}, {to.folder, to.name, to.node, from.node}}});
}

void SimTree::set(const Edit& edit, const SimNodePtr& node) {
  if (node) {
    edit.folder->entries[edit.name] = node;
  } else {
    edit.folder->entries.erase(edit.name);
  }
}

void SimTree::apply(Change change) {
  for (const auto& edit : change.edits) set(edit, edit.after);
  unsynced_.push_back(std::move(change));
}

void SimTree::sync(const SimNodePtr& folder) {
  Names covered;
  std::vector<Change> kept;
  for (auto& change : unsynced_ | std::views::reverse) {
    const bool durable = std::ranges::any_of(change.edits, [&](const Edit& edit) {
      return (edit.folder == folder && !change.lost) || covered.contains({edit.folder.get(), edit.name});
    });
    if (!durable) {
      kept.push_back(std::move(change));
      continue;
    }
    for (const auto& edit : change.edits) covered.emplace(edit.folder.get(), edit.name);
  }
  std::ranges::reverse(kept);
  unsynced_ = std::move(kept);
}

void SimTree::fail_sync(const SimNodePtr& folder) {
  for (auto& change : unsynced_) {
    if (std::ranges::any_of(change.edits, [&](const Edit& edit) { return edit.folder == folder; })) change.lost = true;
  }
}

void SimTree::crash(const std::function<bool()>& keeps) {
  for (const auto& change : unsynced_ | std::views::reverse) {
    for (const auto& edit : change.edits) set(edit, edit.before);
  }
  Names ended;  // names whose later changes are lost, because an earlier one was
  for (const auto& change : unsynced_) {
    const bool lost = !keeps() || std::ranges::any_of(change.edits, [&](const Edit& edit) {
      return ended.contains({edit.folder.get(), edit.name});
    });
    for (const auto& edit : change.edits) {
      if (lost) ended.emplace(edit.folder.get(), edit.name);
      if (!lost) set(edit, edit.after);
    }
  }
  unsynced_.clear();
}

}  // namespace leat::platform
