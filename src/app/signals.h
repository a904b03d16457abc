// app/signals.h — what the operating system tells the program.
#pragma once

#include <optional>

#include "platform/clock.h"

namespace leat::app {

enum class Signal { stop, reload };

// Takes SIGTERM, SIGINT (stop) and SIGHUP (reload) out of the default handling, in every thread. Requires: made on the
// main thread before any other thread is.
class Signals {
 public:
  Signals();
  // The next signal, or nothing after `at_most`.
  std::optional<Signal> wait(platform::Duration at_most);
};

}  // namespace leat::app
