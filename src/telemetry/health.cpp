#include "telemetry/health.h"

#include <algorithm>

namespace leat::telemetry {

void Health::set(std::string_view name, bool ok, std::string_view why) {
  const std::lock_guard lock(mutex_);
  conditions_.insert_or_assign(std::string(name), State{ok, std::string(why)});
}

void Health::remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (auto found = conditions_.find(name); found != conditions_.end()) conditions_.erase(found);
}

bool Health::ready() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(conditions_, [](const auto& each) { return each.second.ok; });
}

std::vector<Health::Condition> Health::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Condition> out;
  for (const auto& [name, state] : conditions_) out.push_back({name, state.ok, state.why});
  return out;
}

}  // namespace leat::telemetry
