#include "definition/place.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace leat::definition {

std::string Mistake::text() const {
  std::string out = place.file;
  if (place.line > 0) out += fmt::format(":{}:{}", place.line, place.column);
  if (!out.empty()) out += ": ";
  if (severity == Severity::warning) out += "warning: ";
  out += what;
  if (!fix.empty()) out += "; " + fix;
  return out;
}

bool Mistakes::any_errors() const {
  return std::ranges::any_of(list_, [](const Mistake& m) { return m.severity == Severity::error; });
}

std::vector<Mistake> Mistakes::sorted() const {
  const auto key = [](const Mistake& m) { return std::tie(m.place, m.severity, m.what, m.fix); };
  auto list = list_;
  std::ranges::stable_sort(list, std::less{}, key);
  const auto repeats = std::ranges::unique(list, std::equal_to{}, key);
  list.erase(repeats.begin(), repeats.end());
  return list;
}

}  // namespace leat::definition
