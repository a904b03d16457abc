#include "app/watch.h"

#include <fmt/ranges.h>

#include "base/content_id.h"

namespace leat::app {

void Watch::follow(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> followed;
  for (const auto& path : paths) {
    const auto known = seen_.find(path);
    followed.emplace(path, known != seen_.end() ? known->second : content_of(path));
  }
  seen_ = std::move(followed);
}

bool Watch::changed() {
  bool any = false;
  for (auto& [path, seen] : seen_) {
    std::string content = content_of(path);
    if (content == seen) continue;
    seen = std::move(content);
    any = true;
  }
  return any;
}

// Of a folder, its names.
std::string Watch::content_of(const std::string& path) const {
  if (path.ends_with('/')) {
    const auto names = files_.list(path.substr(0, path.size() - 1));
    return names ? fmt::format("{}", fmt::join(*names, "/")) : "missing";
  }
  const auto text = platform::read_file(files_, path);
  return text ? content_id(*text) : "missing";
}

}  // namespace leat::app
