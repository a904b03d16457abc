// log/test_oracle.h — for tests: what a log has promised so far, and whether what it holds now keeps the promise.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "log/test_world.h"

namespace leat::log {

// Acknowledged: there at exactly its offset, once. Unanswered: there or not, but all of an append or nothing. Seen
// once: as good as acknowledged. A start, a compaction or a removal that was asked for and not answered: happened or
// not, but wholly. Removed: never back.
class Oracle {
 public:
  using Values = std::map<std::int64_t, std::string>;

  // A new append: the values it writes, by partition.
  void asked(std::uint64_t append, const std::map<PartitionId, std::set<std::string>>& values) {
    for (const auto& [id, some] : values) {
      for (const std::string& value : some) origin_[value] = {append, id};
      asked_[append].insert(some.begin(), some.end());
    }
  }
  void acknowledged(PartitionId id, Offset first, const std::vector<std::string>& values) {
    Known& known = known_[id];
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::int64_t offset = first.value + static_cast<std::int64_t>(i);
      // What was seen before it is acknowledged may have been deleted or compacted away already.
      if (ever_seen_.contains(values[i])) continue;
      if (!known.values.emplace(offset, values[i]).second) report("offset {} was given out twice", offset);
    }
    known.end = std::max(known.end, first.value + static_cast<std::int64_t>(values.size()));
  }
  void refused(std::uint64_t append) { refused_.insert(append); }

  void starting_at(PartitionId id, std::int64_t start) { known_[id].start_asked = start; }
  void started_at(PartitionId id, std::int64_t start) {
    Known& known = known_[id];
    known.start = start;
    known.start_asked.reset();
    known.values.erase(known.values.begin(), known.values.lower_bound(start));
  }
  void replacing(PartitionId id, std::int64_t before, Values kept) { known_[id].replacing = {before, std::move(kept)}; }
  void replaced(PartitionId id) {
    Known& known = known_[id];
    replace(known.values, *known.replacing);
    known.replacing.reset();
  }
  void removing(PartitionId id) { known_[id].removing = true; }
  void removed(PartitionId id) { gone_.insert(id); }
  // What was asked of the life before has happened by now, or never will.
  void opened(Log& log) {
    for (auto& [id, known] : known_)
      if (log.bounds(id)) known.removing = false;
  }
  bool gone(PartitionId id) const { return gone_.contains(id); }
  const Values& values(PartitionId id) { return known_[id].values; }
  std::int64_t start(PartitionId id) { return known_[id].start; }
  std::int64_t end(PartitionId id) { return known_[id].end; }

  // Looks at all that `log` holds now, and takes it as seen.
  void look(Log& log, const std::vector<PartitionId>& partitions);

  // The first broken promise.
  const std::optional<std::string>& broken() const { return broken_; }
  template <class... Args>
  void report(fmt::format_string<Args...> text, Args&&... args) {
    if (!broken_) broken_ = fmt::format(text, std::forward<Args>(args)...);
  }

 private:
  struct Replacement {
    std::int64_t before;
    Values kept;
  };
  struct Known {
    Values values;
    std::int64_t start = 0, end = 0;
    std::optional<std::int64_t> start_asked;
    std::optional<Replacement> replacing;
    bool removing = false;
  };
  struct Origin {
    std::uint64_t append;
    PartitionId partition;
  };
  static void replace(Values& values, const Replacement& replacement) {
    values.erase(values.begin(), values.lower_bound(replacement.before));
    values.insert(replacement.kept.begin(), replacement.kept.end());
  }
  void look_at(Log& log, PartitionId id);
  void settle_start(PartitionId id, Known& known, const Bounds& bounds);
  void settle_replacement(PartitionId id, Known& known, const Values& found);
  void compare(PartitionId id, Known& known, const Values& found);
  void check_atomic();

  std::map<PartitionId, Known> known_;
  std::set<PartitionId> gone_;
  std::map<std::string, Origin> origin_;
  std::map<std::uint64_t, std::set<std::string>> asked_;
  std::set<std::uint64_t> refused_;
  std::set<std::string> ever_seen_;
  std::set<std::uint64_t> fresh_;  // appends that this look is the first to see something of
  std::optional<std::string> broken_;
};

inline void Oracle::look(Log& log, const std::vector<PartitionId>& partitions) {
  fresh_.clear();
  for (const PartitionId id : partitions) look_at(log, id);
  check_atomic();
}

inline void Oracle::look_at(Log& log, PartitionId id) {
  Known& known = known_[id];
  const auto bounds = log.bounds(id);
  const bool missing = !bounds && bounds.error().code == Code::not_found;
  if (missing && std::exchange(known.removing, false)) gone_.insert(id);
  if (gone_.contains(id)) {
    if (!missing) report("partition {} is back", id.index.value);
    return;
  }
  if (!bounds) return report("partition {}: {}", id.index.value, bounds.error().what);
  if (bounds->durable_end.value < known.end) {
    report("partition {}: the end went back from {} to {}", id.index.value, known.end, bounds->durable_end.value);
  }
  settle_start(id, known, *bounds);
  const auto found = read_all(log, id, 200);
  if (!found) return report("partition {}: {}", id.index.value, found.error().what);
  settle_replacement(id, known, *found);
  compare(id, known, *found);
  known.values = *found;
  known.end = bounds->durable_end.value;
}

inline void Oracle::settle_start(PartitionId id, Known& known, const Bounds& bounds) {
  const std::int64_t start = bounds.start.value;
  if (start != known.start && start != known.start_asked.value_or(known.start)) {
    report("partition {}: starts at {}, not {}", id.index.value, start, known.start);
  }
  started_at(id, start);
}

inline void Oracle::settle_replacement(PartitionId id, Known& known, const Values& found) {
  if (!known.replacing) return;
  Values replaced = known.values;
  replace(replaced, *known.replacing);
  const auto same_below = [&](const Values& values) {
    return std::equal(values.begin(), values.lower_bound(known.replacing->before), found.begin(),
                      found.lower_bound(known.replacing->before));
  };
  if (same_below(replaced))
    known.values = replaced;
  else if (!same_below(known.values))
    report("partition {}: half of a compaction", id.index.value);
  known.replacing.reset();
}

inline void Oracle::compare(PartitionId id, Known& known, const Values& found) {
  for (const auto& [offset, value] : known.values) {
    const auto at = found.find(offset);
    if (at == found.end()) return report("partition {}: offset {} is lost", id.index.value, offset);
    if (at->second != value) return report("partition {}: offset {} has changed", id.index.value, offset);
  }
  for (const auto& [offset, value] : found) {
    if (known.values.contains(offset)) continue;
    const auto origin = origin_.find(value);
    if (origin == origin_.end()) return report("partition {}: offset {} was never written", id.index.value, offset);
    if (origin->second.partition != id) return report("partition {}: offset {} is another's", id.index.value, offset);
    if (refused_.contains(origin->second.append)) report("partition {}: offset {} was refused", id.index.value, offset);
    if (!ever_seen_.insert(value).second) report("partition {}: offset {} is there twice", id.index.value, offset);
    fresh_.insert(origin->second.append);
  }
}

// What is seen for the first time must be seen whole: nothing of it can have been deleted yet.
inline void Oracle::check_atomic() {
  for (const std::uint64_t append : fresh_) {
    for (const std::string& value : asked_[append]) {
      if (gone_.contains(origin_[value].partition)) continue;
      const auto& values = known_[origin_[value].partition].values;
      const bool there = std::ranges::any_of(values, [&](const auto& one) { return one.second == value; });
      if (!there) report("half of append {} is there", append);
    }
  }
}

}  // namespace leat::log
