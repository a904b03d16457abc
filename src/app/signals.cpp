#include "app/signals.h"

#include <csignal>
#include <ctime>

#include "base/result.h"

namespace leat::app {
namespace {

sigset_t ours() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = ours();
  LEAT_ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  std::signal(SIGPIPE, SIG_IGN);  // a peer that has gone is an error of the write, not the end of the program
}

std::optional<Signal> Signals::wait(platform::Duration at_most) {
  const sigset_t set = ours();
  const timespec timeout{.tv_sec = at_most.count() / 1'000'000'000, .tv_nsec = at_most.count() % 1'000'000'000};
  const int signal = sigtimedwait(&set, nullptr, &timeout);
  if (signal < 0) return std::nullopt;
  return signal == SIGHUP ? Signal::reload : Signal::stop;
}

}  // namespace leat::app
