// log/publisher.h — what follows a flush: the segments written, readers let in, callers answered; group after group, in
// the order of the flushes.
//
// Whoever flushes does not wait for that: while one group is published, the next one is on its way to the disk. The
// journal has what is not yet in the segments, so a crash in between costs nothing.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "log/group.h"

namespace leat::log {

// Appends whose outcome is certain, in the order in which they came.
struct Flushed {
  std::unique_ptr<Group> group;  // nothing when all of them were refused
  std::vector<std::unique_ptr<Pending>> appends;
  std::vector<std::shared_ptr<Waiter>> woken;
};

// Safe to use from any thread.
class Publisher {
 public:
  explicit Publisher(Store& store) : store_(store) {}

  // Tells those who appended, on this thread; nobody behind them is answered before. Requires: the write lock.
  void add(Flushed flushed);
  // Takes one that was told already that it is refused.
  void add_refused(std::unique_ptr<Pending>);
  // On return, all that was added before is in the segments and visible; else the log has stopped, and why. Calls
  // nobody.
  Result<> publish();
  // publish(), and answers. Requires: no lock is held; never from one of the log's own callbacks.
  void answer();
  // As answer(), unless somebody does that already: then false, and what is new here may be left.
  bool try_answer();
  // Flushed groups whose callers wait.
  std::size_t waiting() const;

  // An empty group; those that were published are used again.
  std::unique_ptr<Group> fresh_group();

 private:
  void publish_one(Flushed&);
  void answer_all();
  bool take_unpublished(Flushed& into);
  bool take_unanswered(Flushed& into);

  Store& store_;
  std::mutex answering_;  // held while callers are answered; taken before the others
  std::mutex publishing_;
  bool failed_ = false;       // guarded by publishing_
  mutable std::mutex mutex_;  // guards what follows; taken last
  std::deque<Flushed> unpublished_, unanswered_;
  bool telling_ = false;  // somebody in unpublished_, which waits until that is done
  std::size_t waiting_ = 0;
  std::vector<std::unique_ptr<Group>> spare_;
};

}  // namespace leat::log
