// service/mailbox.h — the way to an executor that may be gone when the call comes.
#pragma once

#include <memory>
#include <mutex>

#include "base/task.h"
#include "platform/executor.h"

namespace leat::service {

// Held by callbacks of others; its owner closes it before it lets the executor go. Safe from any thread.
class Mailbox {
 public:
  explicit Mailbox(platform::Executor& executor) : executor_(&executor) {}

  // Does nothing once closed.
  void post(Task task) {
    const std::lock_guard lock(mutex_);
    if (executor_) executor_->post(std::move(task));
  }
  void close() {
    const std::lock_guard lock(mutex_);
    executor_ = nullptr;
  }

 private:
  std::mutex mutex_;
  platform::Executor* executor_;
};

}  // namespace leat::service
