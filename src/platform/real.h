// platform/real.h — the operating system's side of the seams (POSIX, Linux). Programs take it from real(); tests of
// these classes use them by name.
#pragma once

#include "platform/platform.h"

namespace leat::platform {

// Files of this machine. Needs nothing but the paths it is given; safe to use from any thread.
class RealFiles final : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Open how) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileSystem>> file_system(const std::string& path) override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;
};

class RealClock final : public Clock {
 public:
  std::int64_t unix_ms() override;
  Instant now() override;
};

// The kernel's generator, fetched for each thread in blocks of 512 bytes.
class RealRandom final : public Random {
 public:
  std::uint64_t next() override;
};

// Executors that own threads.
class ThreadExecutors final : public Executors {
 public:
  std::unique_ptr<Executor> open(std::string name, unsigned threads) override;
};

}  // namespace leat::platform
