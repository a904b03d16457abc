// bus/position.h — "how far is this?", the same answer everywhere, and its text form for headers and tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strong.h"
#include "base/uuid.h"

namespace leat::bus {

inline constexpr Offset start_of_log{-2};  // as Kafka's ListOffsets: the first that exists

struct Position {
  Uuid bus;
  TopicId topic;
  PartitionIndex partition;
  Epoch epoch{-1};  // of the record before `next`; -1 where the bus cannot tell
  Offset next;      // the first offset not yet seen
  auto operator<=>(const Position&) const = default;
};

// The text form, safe in an HTTP header: docs/formats/position.md. It grows with the positions, about ten characters
// for each after the first of a topic: whoever puts it where room is short asks for its size.
std::string to_text(const std::vector<Position>&);

// How many positions a text may hold: more than fit into any request.
inline constexpr std::size_t positions_max = std::size_t{8} * partitions_max;

// Code::invalid with the offset of the first character that is wrong.
Result<std::vector<Position>> parse_positions(std::string_view text);

}  // namespace leat::bus
