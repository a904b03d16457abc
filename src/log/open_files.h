// log/open_files.h — which segments' files are open: those used last, up to a bound. A log may have more segments than
// a process may have files.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "platform/files.h"

namespace leat::log {

struct SegmentFiles {
  std::unique_ptr<platform::File> log, sums;
  std::string log_path, sums_path;
};

// Safe to use from any thread.
class OpenFiles {
 public:
  // `segments_max`: that stay open although nobody holds them.
  OpenFiles(platform::Files& files, std::size_t segments_max) : files_(files), max_(segments_max) {}

  platform::Files& files() { return files_; }

  // The files `stem`.log and `stem`.sums, which must exist.
  Result<std::shared_ptr<SegmentFiles>> open(const std::string& stem);
  // Keeps them open until enough others have been used.
  void used(const std::shared_ptr<SegmentFiles>&);

 private:
  using Order = std::list<std::shared_ptr<SegmentFiles>>;

  platform::Files& files_;
  const std::size_t max_;
  std::mutex mutex_;  // guards what follows
  Order order_;       // used last comes first
  std::unordered_map<const SegmentFiles*, Order::iterator> place_;
};

}  // namespace leat::log
