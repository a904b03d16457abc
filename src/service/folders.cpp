#include "service/folders.h"

#include <algorithm>

namespace leat::service {

// Also what is there already is synced: a process that was killed may have made it and not come to that.
Result<> make_durable_folders(platform::Files& files, const std::string& base, const std::string& below) {
  std::string parent = base;
  for (std::size_t at = 0; at < below.size();) {
    const auto end = std::min(below.find('/', at), below.size());
    auto path = parent + "/" + below.substr(at, end - at);
    LEAT_CHECK(files.make_directory(path));
    LEAT_CHECK(files.sync_directory(parent));
    parent = std::move(path);
    at = end + 1;
  }
  return {};
}

}  // namespace leat::service
