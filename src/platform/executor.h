// platform/executor.h — the seam to threads. Work that may block (a flush, a statement, a projection) is a task on an
// executor; in production an executor owns threads, in simulation a seed decides which ready task runs next.
#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "platform/clock.h"

namespace leat::platform {

// A queue of tasks and the threads that run them. With one thread, tasks run one at a time in the order of their posts:
// what such an executor owns needs no lock.
//
// The destructor ends it: the running task finishes, tasks that have not begun are destroyed unrun, threads are joined.
// Never destroy an executor from one of its own tasks. Tasks must not throw.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Task) = 0;                        // from any thread; also from its own tasks
  virtual void post_after(Duration delay, Task) = 0;  // by the monotonic clock
  virtual std::size_t queued() const = 0;  // posted and not begun, without those still waiting for their time
};

class Executors {
 public:
  virtual ~Executors() = default;
  // `name` shows in thread names and metrics. Requires: threads >= 1.
  virtual std::unique_ptr<Executor> open(std::string name, unsigned threads) = 0;
};

}  // namespace leat::platform
