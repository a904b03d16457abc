#include "platform/files.h"

#include <fmt/format.h>

namespace leat::platform {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::string> read_file(Files& files, const std::string& path, std::uint64_t bytes_max) {
  LEAT_TRY(const auto file, files.open(path, Open::read));
  LEAT_TRY(const std::uint64_t size, file->size());
  if (size > bytes_max) return fail(Code::too_large, fmt::format("{} has {} bytes; at most {}", path, size, bytes_max));
  std::string bytes(size, '\0');
  LEAT_TRY(const std::size_t got, file->read_at(0, bytes.data(), bytes.size()));
  bytes.resize(got);
  return bytes;
}

Result<> replace_file(Files& files, const std::string& path, std::string_view bytes) {
  // Always the same name beside it, so that a crash leaves at most one leftover and the next replacement reuses it.
  const std::string beside = path + ".new";
  {
    LEAT_TRY(const auto file, files.open(beside, Open::create));
    LEAT_CHECK(file->truncate(0));
    LEAT_CHECK(file->write_at(0, bytes));
    LEAT_CHECK(file->sync());
  }
  LEAT_CHECK(files.rename(beside, path));
  return files.sync_directory(folder_of(path));
}

Result<> remove_tree(Files& files, const std::string& path) {
  // Only a folder that holds something resists. Listing before trying would walk through symbolic links, and remove
  // what they lead to instead of them.
  auto removed = files.remove(path);
  if (removed || removed.error().code != Code::conflict) return removed;
  LEAT_TRY(const auto names, files.list(path));
  for (const auto& name : names) LEAT_CHECK(remove_tree(files, path + "/" + name));
  return files.remove(path);
}

}  // namespace leat::platform
