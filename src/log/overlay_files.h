// log/overlay_files.h — files that can be read and seem to be written: what is written stays in memory. So a recovery
// can be tried, and what it would leave be looked at, without a byte of the disk changing.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "platform/files.h"

namespace leat::log {

class OverlayFiles final : public platform::Files {
 public:
  // Requires: `base` outlives this and its files, and nobody writes to it meanwhile.
  explicit OverlayFiles(platform::Files& base) : base_(base) {}

  // A segment's file that is missing can be opened for writing all the same: it is empty then.
  Result<std::unique_ptr<platform::File>> open(const std::string& path, platform::Open how) override;
  Result<> rename(const std::string& from, const std::string& to) override;  // Code::invalid: recovery renames nothing
  Result<> remove(const std::string& path) override;
  Result<> make_directory(const std::string&) override { return {}; }
  Result<std::vector<std::string>> list(
      const std::string& directory) override;  // of the disk, without what was removed
  Result<bool> exists(const std::string& path) override;
  Result<> sync_directory(const std::string&) override { return {}; }
  Result<std::unique_ptr<platform::Lock>> lock(const std::string& path) override { return base_.lock(path); }

 private:
  struct Content;
  class Handle;

  platform::Files& base_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Content>> written_;  // opened for writing at least once
  std::set<std::string> removed_;
};

}  // namespace leat::log
