#include "app/data_directory.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"

namespace leat::app {
namespace {

constexpr std::string_view format = "leat data 1\n";

std::string format_file(const std::string& path) { return path + "/format"; }
std::string running_file(const std::string& path) { return path + "/running.json"; }

// What an interrupted first start may have left.
bool is_ours(const std::string& name) { return name == "lock" || name.starts_with("format"); }

// Before anything is written: a folder of somebody else's things is not made into a data directory.
Result<> check_folder(platform::Files& files, const std::string& path) {
  LEAT_TRY(const bool known, files.exists(format_file(path)));
  if (known) return {};
  LEAT_TRY(const auto names, files.list(path));
  const auto foreign = std::ranges::find_if_not(names, is_ours);
  if (foreign == names.end()) return {};
  return fail(Code::invalid,
              fmt::format("{} holds {} and no data of Leat; name an empty directory or one that does not "
                          "exist yet",
                          path, *foreign));
}

Result<> check_known_format(platform::Files& files, const std::string& path) {
  LEAT_TRY(const std::string found, platform::read_file(files, format_file(path), 1024));
  if (found == format) return {};
  return fail(Code::invalid,
              fmt::format("{} holds \"{}\", this program reads \"{}\"; run the version of Leat that wrote it", path,
                          found.substr(0, found.find('\n')), format.substr(0, format.size() - 1)));
}

// The first start writes the format, later ones hold it against what they know.
Result<> check_format(platform::Files& files, const std::string& path) {
  LEAT_TRY(const bool exists, files.exists(format_file(path)));
  return exists ? check_known_format(files, path) : platform::replace_file(files, format_file(path), format);
}

Result<std::unique_ptr<platform::Lock>> take_lock(platform::Files& files, const std::string& path) {
  auto lock = files.lock(path + "/lock");
  if (!lock && lock.error().code == Code::conflict)
    return fail(Code::conflict, fmt::format("{} is in use by another process", path));
  return lock;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/', path.size() - 2);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string new_token(platform::Random& random) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += fmt::format("{:016x}", random.next());
  return out;
}

}  // namespace

Result<DataDirectory> DataDirectory::open(platform::Platform platform, std::string path) {
  DataDirectory out(platform, std::move(path));
  LEAT_CHECK(platform.files.make_directory(out.path_));
  // Or a power cut could take the directory with all that was acknowledged in it.
  LEAT_CHECK(platform.files.sync_directory(parent_of(out.path_)));
  LEAT_CHECK(check_folder(platform.files, out.path_));
  LEAT_TRY(out.lock_, take_lock(platform.files, out.path_));
  LEAT_CHECK(check_format(platform.files, out.path_));
  LEAT_CHECK(platform.files.make_directory(out.log()));
  LEAT_CHECK(platform.files.make_directory(out.services()));
  LEAT_CHECK(platform.files.sync_directory(out.path_));
  out.token_ = new_token(platform.random);
  return out;
}

DataDirectory::~DataDirectory() {
  if (lock_) (void)platform_.files.remove(running_file(path_));
}

Result<> DataDirectory::announce(const std::string& http, const std::string& admin) {
  const json::object running{{"http", http}, {"admin", admin}, {"token", token_}, {"process", ::getpid()}};
  return platform::replace_file(platform_.files, running_file(path_), json::serialize(running) + "\n");
}

Result<std::unique_ptr<platform::Lock>> hold_data_directory(platform::Files& files, const std::string& path) {
  LEAT_TRY(const bool exists, files.exists(format_file(path)));
  if (!exists) return fail(Code::not_found, fmt::format("{} holds no data of Leat", path));
  LEAT_TRY(auto lock, take_lock(files, path));
  LEAT_CHECK(check_known_format(files, path));
  return lock;
}

Result<Running> find_running(platform::Files& files, const std::string& path) {
  const auto nobody = [&] { return fail(Code::not_found, fmt::format("no system is running on {}", path)); };
  // The file of a program that was killed is still there; its lock is not.
  LEAT_TRY(const bool exists, files.exists(running_file(path)));
  if (!exists) return nobody();
  if (const auto lock = files.lock(path + "/lock"); lock) return nobody();
  LEAT_TRY(const std::string text, platform::read_file(files, running_file(path), 64 << 10));
  LEAT_TRY(const json::value value, parse_json(text));
  const auto field = [&](const char* name) {
    const auto* found = value.is_object() ? value.get_object().if_contains(name) : nullptr;
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  Running out{.http = field("http"), .admin = field("admin"), .token = field("token")};
  if (const auto* process = value.is_object() ? value.get_object().if_contains("process") : nullptr;
      process && process->is_int64())
    out.process = process->get_int64();
  return out;
}

// No service is older than the broker's own topics. So an empty log beside services is one that was lost, and beginning
// another would be silence.
Result<> check_log_is_there(platform::Files& files, const std::string& path) {
  const std::string all = path + "/services", log = path + "/log";
  const auto services = files.list(all);
  if (!services && services.error().code != Code::not_found) return fail(services.error());
  if (!services || services->empty()) return {};
  const auto partitions = files.list(log + "/partitions");
  if (partitions && !partitions->empty()) return {};
  if (!partitions && partitions.error().code != Code::not_found) return fail(partitions.error());
  return fail(Code::corrupt, log + ": the log is missing, but there are services in " + all);
}

}  // namespace leat::app
