// log/checkpointer.h — flushes segments behind the journal, so that journal files can be used again. On an executor of
// its own: the flush loop does not wait for it unless all journal files are full.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <vector>

#include "log/store.h"

namespace leat::log {

class Checkpointer {
 public:
  // `freed` is called after each checkpoint, also when one has failed or was not made, since the log has failed:
  // whoever waits for a journal file must hear of it.
  Checkpointer(Store& store, std::function<void()> freed);

  // Everything that journal files up to `file` hold is in `segments`; 0: the log is being closed.
  void add(std::uint64_t file, std::set<std::shared_ptr<Segment>> segments);
  // Does what is left on this thread and waits for what has begun.
  void finish();

 private:
  struct Job {
    std::uint64_t file;
    std::set<std::shared_ptr<Segment>> segments;
  };
  void run_one();
  void checkpoint(const Job&);
  Result<> flush(const Job&);
  Result<> sync(const std::vector<std::shared_ptr<Segment>>&);

  Store& store_;
  const std::function<void()> freed_;
  std::mutex running_;  // taken before queue_
  std::mutex queue_;
  std::deque<Job> jobs_;
  std::unique_ptr<platform::Executor> executor_;
};

}  // namespace leat::log
