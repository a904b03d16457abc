#include "app/watch.h"

#include "definition/content.h"

namespace leat::app {

bool Watch::changed() {
  bool any = false;
  for (auto& [path, seen] : seen_) {
    std::string content = definition::content_of(files_, path);
    if (content == seen) continue;
    seen = std::move(content);
    any = true;
  }
  return any;
}

}  // namespace leat::app
