// log/publisher.h — what follows a flush: the segments written, readers let in, callers answered; group after group, in
// the order of the flushes.
//
// Whoever flushes does not wait for that: while one group is published, the next one is on its way to the disk. The
// journal has what is not yet in the segments, so a crash in between costs nothing.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "log/group.h"

namespace leat::log {

// One round of the flusher: appends whose outcome is certain, in the order in which they came, and who wants to know.
struct Round {
  std::unique_ptr<Group> group;  // what was flushed of them; nothing when all were refused
  std::vector<std::unique_ptr<Pending>> appends;
  std::vector<std::shared_ptr<Waiter>> woken;
  bool ready = false;  // to be answered: told, and published

  bool empty() const { return appends.empty() && woken.empty(); }
};

// Safe to use from any thread.
class Publisher {
 public:
  explicit Publisher(Store& store) : store_(store) {}

  // Tells those who appended, on this thread, and leaves the rest to answer(). Requires: for a group the write lock.
  void add(Round);
  // On return, every group that was added before is in the segments and visible; else the log has stopped, and why.
  // Calls nobody. Whoever seals or forgets something stands on it: so no refusal may be in a group's way.
  Result<> publish();
  // publish(), and answers, in the order of add(). Whoever is at that already, and be it a caller of this very call,
  // takes what is new here too: then it returns at once. Requires: no lock is held.
  void answer();
  // answer(), and waits until nobody is at it. Requires: this is none of the log's callbacks.
  void finish();
  // Rounds that are not answered.
  std::size_t waiting() const;

  // An empty group; those that were published are used again.
  std::unique_ptr<Group> fresh_group();

 private:
  Round* next_group();
  void publish_one(Round&);
  void answer_all();
  bool take_ready(Round& into);

  Store& store_;
  std::mutex publishing_;
  bool failed_ = false;                     // guarded by publishing_
  mutable std::mutex mutex_;                // guards what follows; taken last
  std::deque<Round> rounds_;                // that are not answered, the oldest first
  std::deque<Round*> unpublished_;          // of these, told and with a group
  std::size_t waiting_ = 0;                 // of rounds_, and the one that is being answered
  bool answering_ = false, again_ = false;  // somebody answers; and must look once more
  std::condition_variable answered_;
  std::vector<std::unique_ptr<Group>> spare_;
};

}  // namespace leat::log
