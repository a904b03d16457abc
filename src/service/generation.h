// service/generation.h — one filling of a read model: a file of its own, and how far it is.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "database/database.h"
#include "service/plan.h"
#include "service/progress.h"
#include "telemetry/health.h"

namespace leat::service {

enum class Phase {
  filling,  // behind what was on the bus when it began
  live,     // has caught up, follows
  paused,   // the disk is full, or somebody else holds the file: goes on by itself when that is over; `reason`
  stopped,  // an event could not be applied, or its history is gone: `reason`
};

std::string_view name(Phase);

// The condition of a read model in Health.
std::string health_name(const std::string& service, const std::string& read_model);

// What everybody may know of a generation; queries hold it while they use its file. Safe from any thread.
class Generation {
 public:
  Generation(std::shared_ptr<const ServicePlan> service, const ReadModelPlan& plan, std::string path,
             const std::map<std::string, bus::Topic>& topics);

  const ReadModelPlan& plan() const { return plan_; }
  const std::string& path() const { return path_; }
  const std::vector<bus::Topic>& topics() const { return topics_; }
  Progress& progress() { return progress_; }
  const Progress& progress() const { return progress_; }

  struct State {
    Phase phase = Phase::filling;
    std::string reason;
    std::int64_t last_event_ms = 0;  // time of the last event applied; 0: none yet
    bool caught_up = false;          // has been live
    bool at_end = false;             // nothing more was on the bus when it last looked
    bool current = false;            // queries see it
  };
  State state() const;
  void set_live();
  void set_paused(std::string reason);
  void set_resumed();  // is again what it was before it paused
  void set_stopped(std::string reason);
  void set_current(bool current = true);
  // Brings the condition of the read model in line with this, while this is what queries see. Two who tell at once
  // leave the later state.
  void tell(telemetry::Health&, const std::string& service) const;
  void set_applied(std::int64_t last_event_ms, bool at_end);

 private:
  const std::shared_ptr<const ServicePlan> service_;  // keeps plan_ alive
  const ReadModelPlan& plan_;
  const std::string path_;
  const std::vector<bus::Topic> topics_;
  Progress progress_;
  mutable std::mutex mutex_;
  State state_;
};

// The tables of the runtime in a generation's file: docs/formats/read-model-database.md
class PositionTable {
 public:
  // Makes the file's tables, those of the read model too, when they are not there yet.
  static Result<> make(database::Database&, const ReadModelPlan&);
  static Result<PositionTable> prepare(database::Database&);

  Result<std::vector<bus::Position>> load(const std::vector<bus::Topic>& topics);
  // Requires: in the transaction that has the effect of these positions.
  Result<> store(const bus::Topic&, const std::vector<bus::Position>&);

 private:
  database::Database* database_ = nullptr;
  database::Statement store_;
};

// From a row of (topic_id, bus, partition, epoch, next).
Result<bus::Position> position_from(const database::Statement& row);

}  // namespace leat::service
