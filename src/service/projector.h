// service/projector.h — fills one generation: a thread of its own that applies all that is waiting on the bus.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_budget.h"
#include "base/task.h"
#include "bus/bus.h"
#include "platform/platform.h"
#include "service/backoff.h"
#include "service/generation.h"
#include "service/options.h"
#include "service/projection.h"
#include "telemetry/telemetry.h"

namespace leat::service {

// Promises
//   * Rows and positions are committed together, so each event has its effect exactly once whatever crashes.
//   * While it applies one delivery the bus fetches the next; never more than two of a topic are in memory. Both are
//     leased before they are asked for; when memory is short they are smaller, or wait.
//   * A full disk pauses it, and so does another program that holds its file; it tries again and goes on from where it
//     was.
//   * An event that cannot be applied stops this read model, and only this one, right before that event.
class Projector {
 public:
  struct Context {
    std::string service;
    platform::Platform platform;
    bus::Bus& bus;
    telemetry::Telemetry telemetry;
  };

  // Told once: from the projector's thread that all that was on the bus at the start is applied, or that it has stopped
  // before; from the destructor that it was given up (Code::conflict).
  using Settled = Done<Result<>>;
  // Told once, from the projector's thread: the file can be read, or why not (Code::no_space: not yet).
  using Opened = Done<Result<>>;

  Projector(Context, const Options&, std::shared_ptr<Generation>, Opened opened, Settled settled);
  ~Projector();

  void start();

 private:
  struct Arrival {
    std::size_t topic;
    Result<bus::Delivery> delivery;
    std::shared_ptr<ByteBudget::Lease> lease;  // what the delivery costs, with all its copies
  };
  struct Inbox;    // where the bus puts deliveries; outlives the projector while a call is under way
  struct Failure;  // the delivery and record that could not be applied

  void open();
  Result<> open_file();
  void ask_ends(std::size_t topic);
  void open_readers();
  void ask(std::size_t topic);
  void ask_when_there_is_memory(std::size_t topic, std::size_t bytes);
  void ask(std::size_t topic, std::size_t bytes, ByteBudget::Lease);
  void apply_waiting();
  void apply(std::vector<Arrival>);
  std::optional<Failure> commit(const std::vector<Arrival>&);
  std::optional<Failure> apply_rows(const std::vector<Arrival>&);
  Result<> store_positions(const std::vector<Arrival>&);
  void keep_what_came_before(std::vector<Arrival>, const Failure&);
  void pause(const Error&, Task again);
  void go_on();
  bool may_be_tried_again(const Error&) const;
  void hold(const Error&, std::vector<Arrival>);
  void advance(const std::vector<Arrival>&);
  void look_whether_caught_up();
  void stop(std::string reason);

  const Context context_;
  const Options options_;
  const std::shared_ptr<Generation> generation_;
  Opened opened_;
  Settled settled_;
  telemetry::Counter& events_;

  // Of the projector's thread.
  std::optional<database::Database> database_;
  std::optional<PositionTable> positions_;
  std::unique_ptr<Projection> projection_;
  std::vector<bus::Position> targets_;                  // the ends when it began
  std::vector<bool> seen_end_;                          // for each topic
  std::vector<bool> at_end_;                            // for each topic: so was its last delivery, if there was one
  std::vector<std::optional<ByteBudget::Wait>> waits_;  // for each topic
  std::vector<std::unique_ptr<bus::Reader>> readers_;
  bool stopped_ = false, paused_ = false;
  std::atomic<bool> given_up_ = false;  // set by the destructor, from another thread
  Backoff backoff_;
  std::vector<Arrival> held_;  // could not be committed on a full disk; nothing else is until it is

  std::shared_ptr<Inbox> inbox_;
  std::unique_ptr<platform::Executor> executor_;
};

}  // namespace leat::service
