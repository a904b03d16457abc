// bus/crew.h — the bus's own threads, as its sources and readers see them.
#pragma once

#include <memory>
#include <utility>

#include "broker/gate.h"
#include "platform/executor.h"

namespace leat::bus {

// An executor that may be posted to from the log's callbacks, also by one that comes when the bus is already gone: then
// the task is dropped.
class Crew {
 public:
  explicit Crew(std::unique_ptr<platform::Executor> executor) : executor_(std::move(executor)) {}

  void post(Task task) {
    gate_.enter([&] { executor_->post(std::move(task)); });
  }

  // The running tasks finish, the others are dropped. Never from one of the tasks.
  void dismiss() {
    gate_.close();
    executor_.reset();
  }

 private:
  broker::Gate gate_;
  std::unique_ptr<platform::Executor> executor_;
};

}  // namespace leat::bus
