// platform/sim_executors.h — executors without threads: SimWorld runs their tasks one at a time, in an order that the
// seed decides.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "platform/chance.h"
#include "platform/executor.h"

namespace leat::platform {

class SimExecutor;

class SimExecutors final : public Executors {
 public:
  explicit SimExecutors(Clock& clock) : clock_(clock) {}
  ~SimExecutors() override;

  std::unique_ptr<Executor> open(std::string name, unsigned threads) override;

  // Runs one ready task, if there is any: of an executor that the seed picks; its first task, or with several threads
  // one of as many first tasks.
  bool run_one(Chance&);
  // When the earliest timer is due. Nothing when there is none.
  std::optional<Instant> next_timer() const;
  std::size_t tasks_run() const { return tasks_run_; }
  std::size_t open_count() const { return open_count_; }

 private:
  friend class SimExecutor;
  struct Timer {
    SimExecutor* executor;
    Task task;
  };
  void ready_what_is_due();

  Clock& clock_;
  std::vector<SimExecutor*> ready_;  // those with a task ready
  std::map<std::pair<Instant, std::uint64_t>, Timer> timers_;
  std::uint64_t timers_posted_ = 0;
  std::size_t tasks_run_ = 0;
  std::size_t open_count_ = 0;
};

class SimExecutor final : public Executor {
 public:
  SimExecutor(SimExecutors& all, unsigned threads) : all_(all), threads_(threads) { ++all_.open_count_; }
  ~SimExecutor() override;

  void post(Task) override;
  void post_after(Duration delay, Task) override;
  std::size_t queued() const override { return tasks_.size(); }

 private:
  friend class SimExecutors;
  Task take(Chance&);

  SimExecutors& all_;
  const unsigned threads_;
  std::deque<Task> tasks_;
  bool running_ = false;  // one of its tasks is
  bool ended_ = false;
};

}  // namespace leat::platform
