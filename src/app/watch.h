// app/watch.h — notices that a file of the running system was edited.
#pragma once

#include <string>
#include <vector>

#include "platform/files.h"

namespace leat::app {

// Compares contents, not times: touching a file is no edit, and an editor that replaces files is not missed.
class Watch {
 public:
  explicit Watch(platform::Files& files) : files_(files) {}

  // From now on `paths` as they are at this moment.
  void begin(std::vector<std::string> paths);
  // Whether any of them is other than at the last begin() or changed(); a missing file counts as a content.
  bool changed();

 private:
  std::string now() const;

  platform::Files& files_;
  std::vector<std::string> paths_;
  std::string seen_;
};

}  // namespace leat::app
