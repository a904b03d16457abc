// bench/process.h — what another process uses, as the kernel tells it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <unistd.h>

namespace bench {

struct ProcessUse {
  int parent = 0;
  double cpu_seconds = 0;  // user and system time, all its threads
};

// Nothing when there is no such process.
inline ProcessUse use_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  if (text.empty()) return {};
  ProcessUse out;
  std::uint64_t user = 0, system = 0;
  std::sscanf(text.c_str() + text.rfind(')') + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &out.parent,
              &user, &system);
  out.cpu_seconds = static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return out;
}

inline double cpu_seconds_of(int pid) { return use_of(std::to_string(pid)).cpu_seconds; }

// Of all threads that the process has, to the nanosecond; 0 where the kernel does not tell. Of many processes that each
// do little, the ticks of use_of() would be rounded away.
inline double exact_cpu_seconds_of(const std::string& pid) {
  double all = 0;
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + pid + "/task", gone)) {
    double on_cpu_ns = 0;
    std::ifstream(thread.path() / "schedstat") >> on_cpu_ns;
    all += on_cpu_ns * 1e-9;
  }
  return all;
}

// Of the process and those that it started: a server may have a process for each client.
inline double cpu_seconds_with_children(int pid) {
  const auto seconds_of = [](const std::string& name, const ProcessUse& use) {
    const auto exact = exact_cpu_seconds_of(name);
    return exact > 0 ? exact : use.cpu_seconds;
  };
  const auto parent = std::to_string(pid);
  auto all = seconds_of(parent, use_of(parent));
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (const auto use = use_of(name); use.parent == pid) all += seconds_of(name, use);
  }
  return all;
}

}  // namespace bench
