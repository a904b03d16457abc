#include <algorithm>
#include <cstdio>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "platform/real.h"
#include "platform/real_file.h"

namespace leat::platform {
namespace {

// Data may hold what only its owner should see: no access for others, whatever the umask.
constexpr mode_t file_mode = 0600, directory_mode = 0700;  // data is its owner's

int flags(Open how) {
  switch (how) {
    case Open::read:
      return O_RDONLY;
    case Open::write:
    case Open::write_direct:
      return O_RDWR;
    case Open::create:
      return O_RDWR | O_CREAT;
    case Open::create_new:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

Result<Descriptor> open_descriptor(const std::string& path, int flags) {
  Descriptor fd(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, file_mode); }));
  if (fd.get() < 0) return posix_failure("open", path);
  return fd;
}

// A file system without direct writes, tmpfs for one, says so when the file is opened: then by way of the page cache.
Result<std::unique_ptr<File>> open_direct(const std::string& path) {
  auto direct = open_descriptor(path, O_RDWR | O_DIRECT);
  if (direct) return std::make_unique<DirectFile>(*std::move(direct), path);
  LEAT_TRY(Descriptor fd, open_descriptor(path, O_RDWR));
  return std::make_unique<RealFile>(std::move(fd), path);
}

// "a/b/" -> "a". Empty when the path names no parent, as "b" and "/b" do.
std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/', path.find_last_not_of('/'));
  if (slash == std::string::npos) return {};
  return path.substr(0, path.find_last_not_of('/', slash) + 1);
}

// Ours as long as the descriptor is open; the kernel lets go of it when we die.
class RealLock final : public Lock {
 public:
  explicit RealLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

// Sampled when it was opened: what could not be written since then is told once.
class RealFileSystem final : public FileSystem {
 public:
  RealFileSystem(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Result<> sync() override {
    if (::syncfs(fd_.get()) != 0) return fail(Code::io, posix_error("sync the file system of", path_, errno).what);
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
};

// syncfs(2) reports failures since Linux 5.8.
bool syncfs_tells_failures() {
  struct utsname system;
  int major = 0, minor = 0;
  if (::uname(&system) != 0 || std::sscanf(system.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 5 || (major == 5 && minor >= 8);
}

}  // namespace

Result<std::unique_ptr<File>> RealFiles::open(const std::string& path, Open how) {
  if (how == Open::write_direct) return open_direct(path);
  LEAT_TRY(Descriptor fd, open_descriptor(path, flags(how) | O_NONBLOCK));  // a pipe would wait for its other end
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) return posix_failure("stat", path);
  if (S_ISDIR(status.st_mode)) return fail(posix_error("open", path, EISDIR));
  if (!S_ISREG(status.st_mode)) return fail(Code::invalid, "open " + path + ": is no regular file");
  return std::make_unique<RealFile>(std::move(fd), path);
}

Result<> RealFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return posix_failure("rename", from + " to " + to);
  return {};
}

Result<> RealFiles::remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return posix_failure("remove", path);
  return {};
}

Result<> RealFiles::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), directory_mode) == 0) return {};
  if (errno == EEXIST) {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return fail(posix_error("make directory", path, EEXIST));
  }
  const std::string parent = parent_of(path);
  if (errno != ENOENT || parent.empty()) return posix_failure("make directory", path);
  LEAT_CHECK(make_directory(parent));
  if (::mkdir(path.c_str(), directory_mode) != 0 && errno != EEXIST) return posix_failure("make directory", path);
  return {};
}

Result<std::vector<std::string>> RealFiles::list(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
  if (!open) return posix_failure("list", directory);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return posix_failure("list", directory);
  std::ranges::sort(names);
  return names;
}

Result<bool> RealFiles::exists(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return posix_failure("stat", path);
}

Result<> RealFiles::sync_directory(const std::string& path) {
  LEAT_TRY(const Descriptor fd, open_descriptor(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail(Code::io, posix_error("sync", path, errno).what);
  return {};
}

Result<std::unique_ptr<FileSystem>> RealFiles::file_system(const std::string& path) {
  if (!syncfs_tells_failures()) return nullptr;
  LEAT_TRY(Descriptor fd, open_descriptor(path, O_RDONLY));
  return std::make_unique<RealFileSystem>(std::move(fd), path);
}

Result<std::unique_ptr<Lock>> RealFiles::lock(const std::string& path) {
  LEAT_TRY(Descriptor fd, open_descriptor(path, O_RDWR | O_CREAT));
  if (uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) return fail(Code::conflict, path + " is locked by another process");
    return posix_failure("lock", path);
  }
  return std::make_unique<RealLock>(std::move(fd));
}

}  // namespace leat::platform
