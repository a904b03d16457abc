// service/runtime_parts.h — what the source files of System share.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "service/backoff.h"
#include "service/runtime.h"

namespace leat::service {

// Handlers look in from any thread; the control thread puts the service in and takes it out.
struct System::Slot {
  explicit Slot(const Options& options) : again(options.backoff_min, options.backoff_max) {}

  std::shared_mutex mutex;
  bool open = false;  // requests may come in
  std::string why = "it has not started yet";
  std::unique_ptr<Service> service;  // changed by the control thread alone
  bool starts_again = false;         // of the control thread; waits for room on a full disk
  Backoff again;
  bool told_to_stop = false;       // of the control thread; stays so across a reload
  std::vector<Task> when_halted;   // of the control thread; not empty: it is being stopped
  std::vector<Task> when_started;  // of the control thread; made when it has started, or is gone

  // Of the control thread: it has not said yet whether it can start.
  bool starting() const { return service && !open && when_halted.empty(); }

  void put(std::unique_ptr<Service> made) {
    const std::unique_lock lock(mutex);
    service = std::move(made);
  }
  void let_in() {
    {
      const std::unique_lock lock(mutex);
      open = true;
    }
    for (auto& task : std::exchange(when_started, {})) task();
  }
  void keep_out(std::string reason) {
    const std::unique_lock lock(mutex);
    open = false;
    why = std::move(reason);
  }
  void take(std::string reason) {
    keep_out(std::move(reason));
    std::unique_ptr<Service> taken;
    {
      const std::unique_lock lock(mutex);
      taken = std::move(service);
    }
    taken.reset();
    for (auto& task : std::exchange(when_started, {})) task();
  }
};

// A callback that ends one beginning of `all`.
inline auto ending(Countdown& all, std::string of = {}) {
  return [token = all.begin(), of = std::move(of)](Result<> result) mutable {
    if (!result && !of.empty()) result = fail(std::move(result).error().in(of));
    token.end(std::move(result));
  };
}

template <class F>
auto System::on_control(F f) {
  return [mailbox = mailbox_, f = std::move(f)](auto... brought) mutable {
    mailbox->post([f = std::move(f), ... brought = std::move(brought)]() mutable { f(std::move(brought)...); });
  };
}

}  // namespace leat::service
