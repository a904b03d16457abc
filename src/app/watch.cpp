#include "app/watch.h"

#include "base/content_id.h"

namespace leat::app {

void Watch::begin(std::vector<std::string> paths) {
  paths_ = std::move(paths);
  seen_ = now();
}

bool Watch::changed() {
  std::string current = now();
  if (current == seen_) return false;
  seen_ = std::move(current);
  return true;
}

std::string Watch::now() const {
  std::string all;
  for (const auto& path : paths_) {
    const auto text = platform::read_file(files_, path);
    all += text ? content_id(*text) : "missing ";
  }
  return all;
}

}  // namespace leat::app
