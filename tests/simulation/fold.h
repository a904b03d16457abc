// tests/simulation/fold.h — what the tables must hold, told from the events alone, and what they do hold. The fold
// knows nothing of SQL and of the runtime.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "machine.h"
#include "transcript.h"

namespace leat::simulation {

using Rows = std::vector<std::string>;  // "1|anna|3", in order of the first column
using Tables = std::map<std::string, Rows>;

struct ReadModelName {
  std::string_view service, name;
};
inline constexpr ReadModelName read_models[] = {{"people", "boxes"}, {"letters", "book"}};

// Of one generation, at one instant.
struct Snapshot {
  ReadModelName of;
  Reached reached;
  Tables tables;
};
Result<Snapshot> snapshot(Machine&, ReadModelName);
// The tables of both services' states.
Result<Tables> states(Machine&);

// Of the events before `reached`; of all without it.
Tables fold(const Transcript&, const Reached* reached = nullptr);

// A name for each table in fold(): tables of two owners may have one name in SQL.
std::vector<std::string> tables_of(ReadModelName);

}  // namespace leat::simulation
