// tests/simulation/transcript.h — all that is on the bus, read from its start.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "complaints.h"
#include "machine.h"

namespace leat::simulation {

struct Fact {
  std::int64_t offset;
  std::string type, event_id, key;
  json::object data;
  bool operator==(const Fact&) const = default;
};

using Partition = std::pair<std::string, std::int32_t>;  // topic and index
struct Transcript {
  std::map<Partition, std::vector<Fact>> facts;
  std::map<TopicId, std::string> topics;
};
using Reached = std::map<Partition, std::int64_t>;  // next offset

// Runs the world until it has read to the ends as they were when it began.
Result<Transcript> read_bus(Machine&);

// Whatever was read once stays where it was.
void check_prefix(const Transcript& before, const Transcript& after, Complaints&);

}  // namespace leat::simulation
