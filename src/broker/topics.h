// broker/topics.h — which topics there are, and making them.
//
// Promises
//   * A topic that was acknowledged has all its partitions; one that is missing later is damage, told by read().
//   * A crash while a topic is made or changed is made good by the next read() or ensure(): same id, no second topic.
//   * The bus id becomes durable together with the first topic: nothing that names the id is older than it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "broker/gate.h"
#include "broker/internal_partition.h"
#include "broker/internal_records.h"
#include "broker/topic.h"
#include "log/log.h"
#include "platform/platform.h"
#include "telemetry/telemetry.h"

namespace leat::broker {

// Safe to use from any thread. Changes happen on one executor with one thread, one at a time for each name.
class Topics {
 public:
  // Requires: `gate` is closed, then `executor` destroyed, before this.
  Topics(platform::Platform, log::Log&, InternalPartition&, platform::Executor&, std::shared_ptr<Gate> gate,
         std::int32_t partitions_max, telemetry::Telemetry*);

  // Reads back what there is and finishes what a crash interrupted. Before any use.
  Result<> read();

  // Makes the topic, changes how an existing one is kept, or returns it. Code::conflict when it exists with another
  // number of partitions and has ever had a record; requires that nobody publishes to one that never had. `done` comes
  // on the executor.
  void ensure(std::string name, TopicConfig, Done<Result<Topic>> done);

  const Uuid& bus_id() const { return bus_id_; }
  std::vector<Topic> all() const;  // by name
  std::optional<Topic> find(TopicId) const;

 private:
  struct Wish {
    TopicConfig config;
    Done<Result<Topic>> done;
  };

  using Then = std::function<void(Result<>)>;

  Result<> read_record(std::string_view key, std::optional<std::string_view> value);
  Result<> check_or_complete(const TopicRecord&);

  // On the executor. A wish goes: begin, record (not settled), make the partitions, record (settled), finish.
  void begin(const std::string& name);
  bool unused(const Topic&) const;
  Result<TopicRecord> target(const std::string& name, const TopicConfig&) const;
  void record(TopicRecord, Then then);
  void make(TopicRecord);
  void finish(const std::string& name, Result<Topic> outcome);
  Result<> make_partitions(const Topic&);

  platform::Platform platform_;
  log::Log& log_;
  InternalPartition& records_;
  platform::Executor& executor_;
  const std::int32_t partitions_max_;
  telemetry::Telemetry* const telemetry_;
  const std::shared_ptr<Gate> gate_;
  Uuid bus_id_;

  // The executor's alone.
  bool identity_durable_ = false;
  std::map<std::string, TopicRecord, std::less<>> known_;  // also those not made yet
  std::map<std::string, std::deque<Wish>> wishes_;         // the first of each is under way

  mutable std::mutex mutex_;
  std::map<TopicId, Topic> ready_;
};

}  // namespace leat::broker
