// log/flusher.h — group commit for the whole directory: takes all that waits, makes it one journal group, tells and
// answers.
//
// One flush after the other, each taking all that came during the one before. As long as more waits, the executor
// "log-flush" goes on flushing and another one publishes and answers (log/publisher.h); when nothing waits, it does
// that itself, which saves the hand-over.
#pragma once

#include <deque>
#include <memory>

#include "log/checkpointer.h"
#include "log/publisher.h"

namespace leat::log {

class Flusher {
 public:
  explicit Flusher(Store& store);

  // From any thread. Requires: append.spans are check_part's.
  void append(Pending append);
  // Answers with `error`, behind what was flushed before, on another thread: the caller may hold the write lock.
  void refuse(std::unique_ptr<Pending>, Error error);
  // Looks again whether something can be flushed: journal files have become free, or the log has failed.
  void kick();
  // Fires it behind what was flushed before, on another thread.
  void wake(std::shared_ptr<Waiter>);

  // Goes on in a new journal file, and has the segments behind the old one flushed. Requires: the write lock, quiet.
  Result<> rotate();
  // Flushes all that waits, and answers, on this thread. Nothing is taken any more. Requires: no lock is held.
  void drain();
  // Ends the executors; whatever still waits is answered with `error`. What is refused or woken after that waits for
  // the next call.
  void stop(const Error& error);

  Checkpointer& checkpointer() { return *checkpointer_; }
  std::uint64_t pending_bytes() const;

 private:
  std::optional<Error> refusal(const Pending&) const;
  void schedule();
  void run();
  bool flush_once();
  bool journal_ready(Round&);
  bool take();
  void fill(Group&, Round&);
  void commit(Round&);
  Result<> flush(Group&);
  void refuse_all(const Error&, Round&);
  void answer();
  void tell_later(Round);

  Store& store_;
  Publisher& publisher_;
  mutable std::mutex queue_mutex_;  // taken after the write lock; guards what follows
  std::deque<std::unique_ptr<Pending>> queue_;
  std::size_t queued_ = 0, queued_bytes_ = 0;  // here and in taken_
  bool scheduled_ = false;
  bool closed_ = false;   // nothing is taken any more
  bool stopped_ = false;  // nor is anything posted

  std::deque<std::unique_ptr<Pending>> taken_;  // from queue_, to be placed next; guarded by the write lock
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<platform::Executor> executor_;
  std::unique_ptr<platform::Executor> answers_;
};

}  // namespace leat::log
