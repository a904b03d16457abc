#include "platform/sim.h"

#include <algorithm>

#include "platform/chance.h"
#include "platform/sim_executors.h"

namespace leat::platform {
namespace {

class SimClock final : public Clock {
 public:
  explicit SimClock(std::int64_t unix_ms) : wall_(std::chrono::milliseconds(unix_ms)) {}

  std::int64_t unix_ms() override { return std::chrono::floor<std::chrono::milliseconds>(wall_).count(); }
  Instant now() override { return now_; }

  void advance(Duration by) {
    now_ += by;
    wall_ += by;
  }
  void jump_wall(std::chrono::milliseconds by) { wall_ += by; }

 private:
  Instant now_{std::chrono::hours(1)};
  Duration wall_;
};

class SimRandom final : public Random {
 public:
  explicit SimRandom(Chance chance) : chance_(chance) {}
  std::uint64_t next() override { return chance_.next(); }

 private:
  Chance chance_;
};

// 2026-11-21T00:00:00Z: near to what the program will see, far from the seams of any 32-bit count.
constexpr std::int64_t first_unix_ms = 1'795'219'200'000;

}  // namespace

struct SimWorld::State {
  explicit State(std::uint64_t from) : State(from, Chance(from)) {}
  // Each part has a stream of its own, so that one more call here does not shift everything there.
  State(std::uint64_t from, Chance chance)
      : seed(from),
        schedule(chance.fork()),
        choices(chance.fork()),
        files(chance.next()),
        clock(first_unix_ms + static_cast<std::int64_t>(chance.below(1000))),
        random(chance.fork()),
        executors(clock) {}

  std::uint64_t seed;
  Chance schedule, choices;
  SimFiles files;
  SimClock clock;
  SimRandom random;
  SimExecutors executors;
};

SimWorld::SimWorld(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
SimWorld::~SimWorld() = default;

Platform SimWorld::platform() { return {state_->files, state_->clock, state_->random, state_->executors}; }
SimFiles& SimWorld::files() { return state_->files; }
std::uint64_t SimWorld::seed() const { return state_->seed; }
std::uint64_t SimWorld::choose(std::uint64_t below) { return state_->choices.below(below); }

std::size_t SimWorld::run(std::size_t steps_max) {
  const std::size_t before = state_->executors.tasks_run();
  while (state_->executors.tasks_run() - before < steps_max && step()) {
  }
  return state_->executors.tasks_run() - before;
}

bool SimWorld::step() {
  if (state_->files.crashed()) return false;
  if (state_->executors.run_one(state_->schedule)) {
    // Work takes a little time: timestamps differ, and who keeps himself busy still meets his deadlines.
    state_->clock.advance(Duration(1 + state_->schedule.below(50'000)));
    return true;
  }
  const auto due = state_->executors.next_timer();
  if (!due) return false;
  state_->clock.advance(*due - state_->clock.now());
  return true;
}

void SimWorld::advance(Duration by) { state_->clock.advance(by); }
void SimWorld::jump_wall_clock(std::int64_t by_ms) { state_->clock.jump_wall(std::chrono::milliseconds(by_ms)); }

void SimWorld::restart() {
  LEAT_ASSERT(state_->executors.open_count() == 0);
  state_->files.restart();
}

}  // namespace leat::platform
