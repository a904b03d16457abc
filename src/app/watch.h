// app/watch.h — notices that a file of the running system was edited.
#pragma once

#include <map>
#include <string>

#include "platform/files.h"

namespace leat::app {

// Compares contents, not times: touching a file is no edit, and an editor that replaces files is not missed.
class Watch {
 public:
  explicit Watch(platform::Files& files) : files_(files) {}

  // From now on these paths, each with the content (definition/content.h) that it had when it was read: an edit since
  // then is seen.
  void follow(std::map<std::string, std::string> read) { seen_ = std::move(read); }
  // Whether any of them is other than when last looked at; a missing file counts as a content.
  bool changed();

 private:
  platform::Files& files_;
  std::map<std::string, std::string> seen_;  // path -> content
};

}  // namespace leat::app
