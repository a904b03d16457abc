// bench/measure.h — what every benchmark needs and nothing of the product: a stopwatch, percentiles, CPU and disk use.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace bench {

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// User and system time of the whole process.
inline double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

[[noreturn]] inline void die(const std::string& what) {
  std::perror(what.c_str());
  std::exit(2);
}

inline void must(bool held, const std::string& what) {
  if (!held) die(what);
}

// Latencies in nanoseconds.
class Samples {
 public:
  void add(std::int64_t ns) { values_.push_back(ns); }
  void add(const Samples& other) { values_.insert(values_.end(), other.values_.begin(), other.values_.end()); }
  std::size_t count() const { return values_.size(); }

  // In microseconds; 0 when there are none.
  double percentile(double share) {
    if (values_.empty()) return 0;
    const auto nth = values_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values_.size() - 1));
    std::nth_element(values_.begin(), nth, values_.end());
    return static_cast<double>(*nth) * 1e-3;
  }

 private:
  std::vector<std::int64_t> values_;
};

// Bytes that the disk below `path` was asked to write so far, by anyone; 0 where the kernel does not tell.
inline std::uint64_t disk_bytes_written(const std::string& path) {
  struct stat place{};
  if (stat(path.c_str(), &place) != 0) return 0;
  std::ifstream counters("/sys/dev/block/" + std::to_string(major(place.st_dev)) + ":" +
                         std::to_string(minor(place.st_dev)) + "/stat");
  std::uint64_t field = 0;
  for (int i = 0; i < 7; ++i) counters >> field;  // the seventh: sectors written
  return field * 512;
}

// A file that the program may overwrite: opened, filled with zeros up to `bytes` and flushed, so that a later flush has
// no metadata to write.
inline int open_prewritten(const std::string& path, std::uint64_t bytes) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  must(file >= 0, path);
  const std::vector<char> zeros(1 << 20);
  for (std::uint64_t at = 0; at < bytes; at += zeros.size()) {
    const auto size = std::min<std::uint64_t>(zeros.size(), bytes - at);
    must(::pwrite(file, zeros.data(), size, static_cast<off_t>(at)) == static_cast<ssize_t>(size), path);
  }
  must(::fdatasync(file) == 0, path);
  return file;
}

inline void write_all(int file, std::string_view bytes, std::uint64_t at) {
  must(::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(bytes.size()),
       "pwrite");
}

// The value of `--name=value` on the command line.
inline std::string option(int argc, char** argv, std::string_view name, std::string otherwise) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--") && word.substr(2).starts_with(name) && word.substr(2 + name.size()).starts_with('='))
      return std::string(word.substr(3 + name.size()));
  }
  return otherwise;
}

inline double number(int argc, char** argv, std::string_view name, double otherwise) {
  return std::stod(option(argc, argv, name, std::to_string(otherwise)));
}

// What one run measured.
struct Outcome {
  double operations = 0, seconds = 0, cpu_seconds = 0;
  Samples latencies;
};

// Calls `operation` again and again, one at a time; the first tenth of a second is warm-up.
template <class Operation>
Outcome closed_loop(double seconds, Operation&& operation) {
  const auto run_until = [&](std::int64_t end, Outcome& outcome) {
    for (auto begun = now_ns(); begun < end;) {
      operation();
      const auto now = now_ns();
      outcome.latencies.add(now - begun);
      outcome.operations += 1;
      begun = now;
    }
  };
  Outcome warm_up, outcome;
  run_until(now_ns() + 100'000'000, warm_up);
  const auto begun = now_ns();
  const auto cpu = cpu_seconds();
  run_until(begun + static_cast<std::int64_t>(seconds * 1e9), outcome);
  outcome.seconds = static_cast<double>(now_ns() - begun) * 1e-9;
  outcome.cpu_seconds = cpu_seconds() - cpu;
  return outcome;
}

// One line of JSON, as tools/bench reads it.
inline void print(Outcome outcome, const std::vector<std::pair<const char*, double>>& more = {}) {
  std::printf("{\"per_second\":%.1f,\"p50_us\":%.2f,\"p99_us\":%.2f,\"cpu_us\":%.3f",
              outcome.operations / outcome.seconds, outcome.latencies.percentile(.5), outcome.latencies.percentile(.99),
              outcome.cpu_seconds / outcome.operations * 1e6);
  for (const auto& [name, value] : more) std::printf(",\"%s\":%.6g", name, value);
  std::printf("}\n");
}

}  // namespace bench
