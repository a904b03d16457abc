// platform/platform.h — the outside world as one argument. Everything that touches disk, time, chance or threads takes
// a Platform; nothing calls the operating system past it.
#pragma once

#include "platform/clock.h"
#include "platform/executor.h"
#include "platform/files.h"
#include "platform/random.h"

namespace leat::platform {

// References only: whoever made them outlives everything built on them.
struct Platform {
  Files& files;
  Clock& clock;
  Random& random;
  Executors& executors;
};

// The operating system's. Lives as long as the program.
Platform real();

}  // namespace leat::platform
