#include "log/open_files.h"

namespace leat::log {

Result<std::shared_ptr<SegmentFiles>> OpenFiles::open(const std::string& stem) {
  auto opened = std::make_shared<SegmentFiles>();
  opened->log_path = stem + ".log";
  opened->sums_path = stem + ".sums";
  LEAT_TRY(opened->log, files_.open(opened->log_path, platform::Open::write));
  LEAT_TRY(opened->sums, files_.open(opened->sums_path, platform::Open::write));
  return opened;
}

void OpenFiles::used(const std::shared_ptr<SegmentFiles>& files) {
  Order closed;  // without the lock
  const std::lock_guard lock(mutex_);
  const auto known = place_.find(files.get());
  if (known != place_.end()) {
    order_.splice(order_.begin(), order_, known->second);
    return;
  }
  order_.push_front(files);
  place_.emplace(files.get(), order_.begin());
  while (order_.size() > max_) {
    place_.erase(order_.back().get());
    closed.splice(closed.begin(), order_, std::prev(order_.end()));
  }
}

}  // namespace leat::log
