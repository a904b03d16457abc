// service/status.h — how the running system is, in plain data: for `leat status` and the admin listener.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bus/position.h"
#include "service/generation.h"

namespace leat::service {

struct ReadModelStatus {
  std::string name, hash;
  Phase phase = Phase::filling;
  std::string reason;              // why it has stopped
  bool replacement_fills = false;  // another generation is being filled beside it
  std::vector<bus::Position> positions;
  std::int64_t lag_events = 0;
  double lag_seconds = 0;
};

struct ServiceStatus {
  std::string name;
  bool running = false;
  std::string trouble;  // why it does not run, or takes no commands, or why its events do not reach the bus
  std::size_t commands_waiting = 0, queries_waiting = 0, outbox_waiting = 0;
  std::vector<ReadModelStatus> read_models;
};

struct SystemStatus {
  std::string name;
  std::vector<ServiceStatus> services;
};

}  // namespace leat::service
