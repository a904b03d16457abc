#include "log/checkpointer.h"

#include <algorithm>
#include <vector>

namespace leat::log {
namespace {

constexpr std::size_t whole_from = 32;  // segments, from which on the whole file system is flushed

}  // namespace

Checkpointer::Checkpointer(Store& store, std::function<void()> freed)
    : store_(store), freed_(std::move(freed)), executor_(store.platform.executors.open("log-checkpoint", 1)) {}

void Checkpointer::add(std::uint64_t file, std::set<std::shared_ptr<Segment>> segments) {
  {
    const std::lock_guard lock(queue_);
    jobs_.push_back({file, std::move(segments)});
  }
  executor_->post([this] { run_one(); });
}

void Checkpointer::run_one() {
  {
    const std::lock_guard running(running_);
    Job job;
    {
      const std::lock_guard lock(queue_);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    if (!store_.failure.failed()) checkpoint(job);
  }
  freed_();
}

void Checkpointer::checkpoint(const Job& job) {
  if (auto flushed = flush(job); !flushed) return store_.failure.set(flushed.error());
  store_.journal->retire(job.file);
  ++store_.counters.checkpoints;
}

// Flushing file by file costs a flush of the disk's cache for each: with many partitions that would keep it from the
// journal for long.
Result<> Checkpointer::sync(const std::vector<std::shared_ptr<Segment>>& segments) {
  if (store_.file_system && segments.size() >= whole_from) return store_.file_system->sync();
  for (const auto& segment : segments) LEAT_CHECK(segment->sync());
  return {};
}

// In the order of their names: that of a set of pointers is another in each run, and a simulation could not be
// replayed.
Result<> Checkpointer::flush(const Job& job) {
  std::vector<std::shared_ptr<Segment>> segments(job.segments.begin(), job.segments.end());
  std::ranges::sort(segments, {}, [](const auto& segment) -> const std::string& { return segment->stem(); });
  LEAT_CHECK(sync(segments));
  for (const auto& segment : segments) segment->tidy(job.file == 0);
  return {};
}

void Checkpointer::finish() {
  for (;;) {
    {
      const std::lock_guard running(running_);
      const std::lock_guard lock(queue_);
      if (jobs_.empty()) return;
    }
    run_one();
  }
}

}  // namespace leat::log
