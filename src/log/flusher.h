// log/flusher.h — group commit for the whole directory: takes all that waits, makes it one journal group, answers.
//
// One task at a time on an executor of one thread, so groups are formed while the one before is being flushed.
#pragma once

#include <deque>
#include <memory>

#include "log/checkpointer.h"
#include "log/group.h"

namespace leat::log {

class Flusher {
 public:
  explicit Flusher(Store& store);

  // From any thread. Requires: append.spans are check_part's.
  void append(Pending append);
  // Looks again whether something can be flushed: journal files have become free, or the log has failed.
  void kick();
  void post(Task task) { executor_->post(std::move(task)); }

  // Goes on in a new journal file, and has the segments behind the old one flushed. Requires: the write lock.
  Result<> rotate();
  // Flushes all that waits, on this thread. Nothing is taken any more. Requires: no lock is held.
  void drain();
  // Ends the executors; whatever still waits is answered with `error`.
  void stop(const Error& error);

  Checkpointer& checkpointer() { return *checkpointer_; }
  std::uint64_t pending_bytes() const;

 private:
  using Answered = std::vector<std::unique_ptr<Pending>>;
  struct Effects {
    Answered answered;
    std::vector<std::shared_ptr<Waiter>> woken;
  };

  std::optional<Error> refusal(const Pending&) const;
  void schedule();
  void run();
  bool flush_once();
  bool journal_ready(Effects&);
  void fill(Group&, Answered& in_group, Effects&);
  void commit(Group&, Answered& in_group, Effects&);
  void refuse_all(const Error&, Effects&);
  static void carry_out(const Effects&);

  Store& store_;
  std::mutex flushing_;  // held from taking appends to answering them, so that answers keep the order; taken first
  mutable std::mutex queue_mutex_;  // taken after the write lock; guards what follows
  std::deque<std::unique_ptr<Pending>> queue_;
  std::size_t queued_bytes_ = 0;
  bool scheduled_ = false;
  bool closed_ = false;   // nothing is taken any more
  bool stopped_ = false;  // nor is anything posted

  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<platform::Executor> executor_;
};

}  // namespace leat::log
