// definition/folder.h — the files of one system: reads what a definition names, and nothing outside its directory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "definition/place.h"
#include "definition/source.h"
#include "platform/files.h"

namespace leat::definition {

// Every failure is told to the mistakes with the place that asked, or the place in the file; then nothing is returned.
class Folder {
 public:
  Folder(platform::Files& files, std::string directory, Mistakes& mistakes);

  // `path` as seen from the file that names it, as a path from the directory: "services/../a.yaml" is "a.yaml".
  std::optional<std::string> resolve(const std::string& path, const Place& asked);

  // Text in UTF-8 without byte-order mark and control characters; \r\n becomes \n.
  std::optional<Source> read(const std::string& name, const Place& asked);
  std::optional<json::value> read_json(const std::string& name, const Place& asked);

  // Names in a folder, sorted; nothing (and no mistake) when it is not one.
  std::optional<std::vector<std::string>> list(const std::string& name);

  // Everything that was asked for, found or not, with its content (content.h) as it was then; folders end with a slash.
  const std::map<std::string, std::string>& asked_for() const { return asked_for_; }

 private:
  bool check_text(const Source& source);

  platform::Files& files_;
  std::string directory_;
  Mistakes& mistakes_;
  std::map<std::string, std::string> asked_for_;
};

}  // namespace leat::definition
