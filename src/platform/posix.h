// platform/posix.h — what the POSIX side of this room shares: descriptors that close themselves, errno as Error.
#pragma once

#include <cerrno>
#include <utility>

#include <unistd.h>

#include "base/result.h"

namespace leat::platform {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// `what` failed on `path` with `error_number`: "open data/x: No such file or directory".
Error posix_error(std::string_view what, const std::string& path, int error_number);

inline std::unexpected<Error> posix_failure(std::string_view what, const std::string& path) {
  return fail(posix_error(what, path, errno));
}

// Repeats a call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

}  // namespace leat::platform
