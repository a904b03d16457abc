// platform/sim_tree.h — the names of the simulated disk: folders, and the changes to them that no sync covers yet.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/chance.h"
#include "platform/sim_content.h"

namespace leat::platform {

// A file or a folder. It lives as long as a name, an open file or a change that may be undone holds it.
struct SimNode {
  SimNode(std::uint64_t number, bool is_folder, std::shared_ptr<std::uint64_t> used)
      : id(number), folder(is_folder), disk_used(std::move(used)) {}
  ~SimNode() { *disk_used -= content.allocated(); }
  SimNode(const SimNode&) = delete;

  const std::uint64_t id;
  const bool folder;
  SimContent content;
  std::map<std::string, std::shared_ptr<SimNode>, std::less<>> entries;
  const std::shared_ptr<std::uint64_t> disk_used;  // by all files of the disk
};
using SimNodePtr = std::shared_ptr<SimNode>;

class SimTree {
 public:
  // A name in a folder that exists; the name itself may not.
  struct Place {
    SimNodePtr folder;
    std::string name;
    SimNodePtr node;  // none: free
  };

  SimTree();

  // Code::not_found when the folder does not exist or is none. The root is the place "" of itself.
  Result<Place> find(const std::string& path) const;

  // Whether the way to `path` leads through this folder, or ends there.
  bool leads_through(const std::string& path, const SimNodePtr& folder) const;

  SimNodePtr create(const Place& at, bool folder);
  void remove(const Place& at);
  void rename(const Place& from, const Place& to);

  // Makes changes of this folder durable, and what came before them on the same names (a rename has two).
  void sync(const SimNodePtr& folder);
  void fail_sync(const SimNodePtr& folder);  // a later sync() of this folder lies about what is unsynced now
  // Keeps some of the unsynced changes: for each name a beginning of its history, each change whole or not at all.
  // `keeps` is asked for each of them.
  void crash(const std::function<bool()>& keeps);

  std::uint64_t disk_used() const { return *disk_used_; }

 private:
  struct Edit {
    SimNodePtr folder;
    std::string name;
    SimNodePtr before, after;
  };
  struct Change {
    std::vector<Edit> edits;
    bool lost = false;  // a failed sync covered it
  };
  static void set(const Edit&, const SimNodePtr& node);
  void apply(Change);

  std::shared_ptr<std::uint64_t> disk_used_ = std::make_shared<std::uint64_t>(0);
  std::uint64_t nodes_made_ = 0;
  SimNodePtr root_;
  std::vector<Change> unsynced_;  // oldest first
};

}  // namespace leat::platform
