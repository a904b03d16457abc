// service/relay.h — carries the outbox onto the bus, in order, each row once, and tells who waits for it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "bus/bus.h"
#include "platform/platform.h"
#include "service/backoff.h"
#include "service/options.h"
#include "service/outbox.h"
#include "telemetry/telemetry.h"

namespace leat::service {

// Where events came to lie; nothing when that was not known in time.
using Told = Done<std::optional<std::vector<bus::Position>>>;

// A command's answer, which waits for the rows [first, last].
struct WaitingAnswer {
  std::uint64_t first, last;
  Told told;
};

// The service's publisher. Rows come in ascending order of their numbers and leave so: one publish at a time carries
// all that waits. When its outcome is unknown the source is opened anew and says how far it got. Safe from any thread.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  // `topics`: those the service owns, by name; rows of others are published where the bus has their topic. `timers`
  // outlives the relay's last timer.
  Relay(std::string service, bus::Bus&, platform::Platform, platform::Executor& timers, telemetry::Telemetry,
        const Options&, std::map<std::string, bus::Topic> topics);

  // Opens the source; `done` gets the last number on the bus.
  void open(Done<Result<std::uint64_t>> done);

  // Takes rows that are committed, and the answers that wait for them. Requires: numbers above all taken before.
  void take(std::vector<OutboxRow> rows, std::vector<WaitingAnswer> answers);
  // Calls `told` when everything up to `number` is on the bus, with positions that cover it.
  void when_published(std::uint64_t number, const void* who, Told told);
  // `who` waits no longer: a number that is never given must not be waited for for ever.
  void forget(const void* who);

  std::uint64_t published() const;  // all up to here are on the bus
  std::size_t waiting() const;      // rows that are not
  std::size_t asked() const;        // who waits in when_published()
  std::string trouble() const;      // why nothing moves; empty when it does
  bool paused() const;              // ... and that is a full disk
  std::size_t record_bytes_max() const { return bus_.record_bytes_max(); }
  std::int32_t partitions(const std::string& topic) const;
  // The topics the service owns from now on.
  void change_topics(std::map<std::string, bus::Topic> topics);

  // Publishes nothing more and tells all that wait that it is not known. Call it before letting go.
  void close();

 private:
  struct Answer {
    WaitingAnswer waiting;
    std::vector<bus::Position> positions;
    platform::Instant deadline;
  };
  struct Token {
    std::uint64_t number;
    const void* who;
    Told told;
  };
  struct Opening;  // a source and the ends of its topics, being gathered
  using Lock = std::unique_lock<std::mutex>;
  using Calls = std::vector<Task>;  // made when the lock is free

  void open_source(Done<Result<std::uint64_t>> done);
  void gather_ends(std::shared_ptr<Opening>);
  void install(Opening&);
  void pump();
  std::vector<bus::Publication> next_batch(const Lock&) const;
  void look_up_topics();
  Result<> learn(const std::vector<bus::Topic>&);
  void finished(Result<std::vector<bus::Position>>);
  void advance(const std::vector<bus::Position>&, Calls&);
  void failed(Error);
  void reopen_later();
  void answer_up_to(std::uint64_t number, Calls&);
  void tell_tokens(Calls&);
  void arm_timer(const Lock&);
  void expire();
  void remember(const bus::Position&);
  std::vector<bus::Position> latest() const;

  const std::string service_;
  bus::Bus& bus_;
  platform::Platform platform_;
  platform::Executor& timers_;
  telemetry::Telemetry telemetry_;
  const Options options_;
  telemetry::Counter& published_total_;

  mutable std::mutex mutex_;
  std::map<std::string, bus::Topic> topics_;
  std::shared_ptr<bus::Source> source_;
  std::deque<OutboxRow> rows_;  // not yet known to be on the bus; the first in_flight_ of them are on their way
  std::size_t in_flight_ = 0;
  std::deque<Answer> answers_;  // ascending by `last` and by deadline
  std::vector<Token> tokens_;
  std::map<std::pair<TopicId, PartitionIndex>, bus::Position> latest_;
  std::uint64_t published_ = 0;
  Backoff backoff_;
  std::string trouble_;
  bool paused_ = false;
  bool timer_armed_ = false;
  bool closed_ = false;
};

}  // namespace leat::service
