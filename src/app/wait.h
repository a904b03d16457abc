// app/wait.h — the main thread waits for something asynchronous. Nobody else may.
#pragma once

#include <future>

#include "base/task.h"

namespace leat::app {

// Runs start(done) and returns what `done` was called with.
template <class T, class Start>
T wait_for(Start&& start) {
  std::promise<T> promise;
  start(Done<T>([&promise](T result) { promise.set_value(std::move(result)); }));
  return promise.get_future().get();
}

}  // namespace leat::app
