#include "bus/history.h"

#include <algorithm>

#include <fmt/format.h>

namespace leat::bus {

Result<History> History::of(log::Log& log, log::PartitionId partition) {
  History history{.partition = partition, .bounds = {}, .epochs = {}};
  LEAT_TRY(history.bounds, log.bounds(partition));
  LEAT_TRY(history.epochs, log.epochs(partition));
  return history;
}

Epoch History::epoch_at(Offset offset) const {
  const auto after = std::ranges::upper_bound(epochs, offset, {}, &log::EpochStart::start);
  return after == epochs.begin() ? Epoch{-1} : std::prev(after)->epoch;
}

Position History::position(const Uuid& bus, Offset next) const {
  const Epoch epoch = next > Offset{0} ? epoch_at(next + std::int64_t{-1}) : Epoch{-1};
  return {.bus = bus, .topic = partition.topic, .partition = partition.index, .epoch = epoch, .next = next};
}

Result<Offset> History::resume(const Uuid& bus, const Position& position) const {
  const auto lost = [&](std::string_view why) {
    return fail(
        Code::history_lost,
        fmt::format("topic {} partition {}: position {} of epoch {} {}; there is {} to {} of epoch {}",
                    partition.topic.value.text(), partition.index.value, position.next.value, position.epoch.value, why,
                    bounds.start.value, bounds.durable_end.value, bounds.epoch.value));
  };
  if (position.bus != bus) return lost("belongs to bus " + position.bus.text() + ", this is " + bus.text());
  if (position.next == start_of_log) return bounds.start;
  if (position.next < bounds.start) return lost("lies before the log start");
  if (position.next > bounds.durable_end) return lost("lies beyond the end");
  if (position.epoch == Epoch{-1}) return position.next;
  // At the log start the record before is gone, and its epoch may be forgotten with it.
  const Epoch before = epoch_at(position.next + std::int64_t{-1});
  const bool forgotten = before == Epoch{-1} && position.next == bounds.start && position.next > Offset{0};
  if (before != position.epoch && !forgotten) return lost("is not on this history");
  return position.next;
}

}  // namespace leat::bus
