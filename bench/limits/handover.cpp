// bench/limits/handover.cpp — the limit of asking another thread: one hand-over and back through a condition variable.
//   --pinned=1     both threads on one core
// Prints one line of JSON.
#include <condition_variable>
#include <mutex>
#include <thread>

#include <pthread.h>
#include <sched.h>

#include "bench/measure.h"

namespace {

void pin(pthread_t thread) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  pthread_setaffinity_np(thread, sizeof one, &one);
}

}  // namespace

int main(int argc, char** argv) {
  std::mutex mutex;
  std::condition_variable changed;
  bool ball_is_there = false, stopping = false;

  std::jthread other([&] {
    std::unique_lock lock(mutex);
    while (!stopping) {
      changed.wait(lock, [&] { return ball_is_there || stopping; });
      ball_is_there = false;
      changed.notify_one();
    }
  });
  if (bench::number(argc, argv, "pinned", 0) != 0) {
    pin(pthread_self());
    pin(other.native_handle());
  }
  bench::print(bench::closed_loop(bench::number(argc, argv, "seconds", 1), [&] {
    std::unique_lock lock(mutex);
    ball_is_there = true;
    changed.notify_one();
    changed.wait(lock, [&] { return !ball_is_there; });
  }));
  const std::scoped_lock lock(mutex);
  stopping = true;
  changed.notify_one();
}
