#include "definition/content.h"

#include <fmt/ranges.h>

#include "base/content_id.h"

namespace leat::definition {

std::string content_of(const Result<std::string>& bytes) { return bytes ? content_id(*bytes) : content_missing; }

std::string content_of(const Result<std::vector<std::string>>& names) {
  return names ? fmt::format("{}", fmt::join(*names, "/")) : content_missing;
}

std::string content_of(platform::Files& files, const std::string& path) {
  if (path.ends_with('/')) return content_of(files.list(path.substr(0, path.size() - 1)));
  return content_of(platform::read_file(files, path, file_bytes_max));
}

}  // namespace leat::definition
