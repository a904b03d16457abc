// log/range_set.h — a set of bytes of a file, as few half-open ranges as possible: what has been verified.
#pragma once

#include <cstdint>
#include <map>

namespace leat::log {

class RangeSet {
 public:
  void add(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    auto at = ranges_.upper_bound(begin);
    if (at != ranges_.begin() && std::prev(at)->second >= begin) at = std::prev(at);
    while (at != ranges_.end() && at->first <= end) {
      begin = std::min(begin, at->first);
      end = std::max(end, at->second);
      at = ranges_.erase(at);
    }
    ranges_.emplace(begin, end);
  }

  void remove(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    add(begin, end);  // now one range holds all of it
    const auto at = std::prev(ranges_.upper_bound(begin));
    const auto [first, last] = *at;
    ranges_.erase(at);
    if (first < begin) ranges_.emplace(first, begin);
    if (end < last) ranges_.emplace(end, last);
  }

  // How far beyond `begin` everything is in the set; `begin` itself when it is not.
  std::uint64_t covered_until(std::uint64_t begin) const {
    const auto after = ranges_.upper_bound(begin);
    return after == ranges_.begin() ? begin : std::max(begin, std::prev(after)->second);
  }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin to end
};

}  // namespace leat::log
