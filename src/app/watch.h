// app/watch.h — notices that a file of the running system was edited.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "platform/files.h"

namespace leat::app {

// Compares contents, not times: touching a file is no edit, and an editor that replaces files is not missed.
class Watch {
 public:
  explicit Watch(platform::Files& files) : files_(files) {}

  // From now on these (a name that ends with a slash is a folder: its list of names); those that are new to it as they
  // are at this moment.
  void follow(const std::vector<std::string>& paths);
  // Whether any of them is other than when last looked at; a missing file counts as a content.
  bool changed();

 private:
  std::string content_of(const std::string& path) const;

  platform::Files& files_;
  std::map<std::string, std::string> seen_;  // path -> content
};

}  // namespace leat::app
