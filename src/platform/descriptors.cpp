#include "platform/descriptors.h"

#include <filesystem>

#include <sys/resource.h>

namespace leat::platform {

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint64_t open_descriptors() {
  std::uint64_t count = 0;
  std::error_code ec;
  for (std::filesystem::directory_iterator each("/proc/self/fd", ec), end; !ec && each != end; each.increment(ec))
    ++count;
  return count > 0 ? count - 1 : 0;  // the one that was open for looking
}

}  // namespace leat::platform
