// base/json_keys.h — which keys the objects being read already have; part of parse_json.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace leat {

// Small objects are searched in line, which is faster than hashing; from `many` keys on a set is kept, so that no
// document costs quadratic time.
class JsonKeys {
 public:
  void open() {
    if (depth_ == objects_.size()) objects_.emplace_back();
    ++depth_;
  }
  void close() {
    auto& keys = objects_[--depth_];
    keys.few.clear();
    keys.set.clear();
  }
  // False when the innermost object has it already.
  bool add(const std::string& key) {
    auto& keys = objects_[depth_ - 1];
    if (!keys.set.empty()) return keys.set.insert(key).second;
    for (const auto& other : keys.few) {
      if (other == key) return false;
    }
    keys.few.push_back(key);
    if (keys.few.size() >= many) keys.set.insert(keys.few.begin(), keys.few.end());
    return true;
  }

 private:
  static constexpr std::size_t many = 24;
  struct Object {
    std::vector<std::string> few;
    std::unordered_set<std::string> set;
  };
  std::vector<Object> objects_;  // by depth; kept, so that siblings reuse their memory
  std::size_t depth_ = 0;
};

}  // namespace leat
