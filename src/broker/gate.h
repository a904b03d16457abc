// broker/gate.h — lets callbacks outlive the object they call into.
//
// The object and its callbacks share a Gate. A callback enters; once the gate is closed it turns back. close() waits
// for a callback that is inside on another thread, so what it uses may be destroyed afterwards; called from inside, it
// only closes. Requires: nobody closes a gate while holding a lock that a callback inside may want.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace leat::broker {

class Gate {
 public:
  // Returns whether `call` was run.
  template <class Call>
  bool enter(Call&& call) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    std::forward<Call>(call)();
    return true;
  }

  bool open() const {
    const std::lock_guard lock(mutex_);
    return !closed_;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  mutable std::recursive_mutex mutex_;  // a callback may destroy the object it came from
  bool closed_ = false;
};

// `call`, to be run inside the gate or not at all.
template <class Call>
auto through(std::shared_ptr<Gate> gate, Call call) {
  return [gate = std::move(gate), call = std::move(call)](auto&&... arguments) mutable {
    gate->enter([&] { call(std::forward<decltype(arguments)>(arguments)...); });
  };
}

}  // namespace leat::broker
