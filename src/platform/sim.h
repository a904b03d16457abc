// platform/sim.h — a whole simulated world from one seed: files that lose, tear and fail, a clock that jumps to the
// next timer when nothing else can be done (and moves a few microseconds with each task), executors whose interleaving
// the seed decides. One thread runs it all, so a seed replays exactly.
#pragma once

#include <cstdint>
#include <memory>

#include "platform/platform.h"
#include "platform/sim_files.h"

namespace leat::platform {

// A machine. Its disk outlives crashes; its executors and their tasks do not.
//
//   SimWorld world(seed);
//   { auto program = start(world.platform()); world.run_until(...); world.files().crash_after(37); world.run(); }
//   world.restart();  // the disk keeps what a power cut would leave; clock and chance go on
class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed);
  ~SimWorld();

  Platform platform();
  SimFiles& files();
  std::uint64_t seed() const;
  // A number from the world's seed, for the test's own choices: uniform in [0, below).
  std::uint64_t choose(std::uint64_t below);

  // Runs tasks, one at a time, a seeded choice among the executors that have one ready; when none has, moves the clock
  // to the next timer. Ends when nothing is left to do, when the disk has crashed, or after `steps_max` tasks.
  // Returns the number of tasks run.
  std::size_t run(std::size_t steps_max = 10'000'000);
  // The same, also ending as soon as `done()` holds (looked at after every task). Returns whether it held.
  template <class Predicate>
  bool run_until(Predicate&& done, std::size_t steps_max = 10'000'000) {
    while (!done()) {
      if (steps_max-- == 0 || !step()) return done();
    }
    return true;
  }
  // One task (or one move of the clock). False when nothing is left or the disk has crashed.
  bool step();

  // Moves wall and monotonic time without running anything.
  void advance(Duration);
  // Moves only the wall clock, as an administrator would.
  void jump_wall_clock(std::int64_t by_ms);

  // After a crash: what was not durable is lost or torn as the seed says; the disk works again. Requires: everything
  // built on platform() has been destroyed.
  void restart();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace leat::platform
