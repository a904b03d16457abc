#include "transcript.h"

#include <fmt/format.h>

#include "event/event.h"

namespace leat::simulation {
namespace {

// Runs the world until the bus has answered.
template <class T>
Result<T> answer(Machine& machine, std::move_only_function<void(Done<Result<T>>)> ask) {
  auto got = std::make_shared<std::optional<Result<T>>>();
  ask([got](Result<T> outcome) { *got = std::move(outcome); });
  machine.run_until([&] { return got->has_value(); });
  if (!*got) return fail(Code::timeout, "the bus does not answer");
  return **std::move(got);
}

Result<Fact> fact_of(const bus::Delivered& record) {
  LEAT_TRY(const auto event, event::from_headers(record.headers));
  if (!record.key || !record.value) return fail(Code::corrupt, "an event without key or payload");
  LEAT_TRY(const auto data, parse_json(*record.value));
  return Fact{record.offset.value, std::string(event.type), std::string(event.id), std::string(*record.key),
              data.as_object()};
}

Result<> read_topic(Machine& machine, const bus::Topic& topic, Transcript& into) {
  auto& bus = machine.bus();
  into.topics.emplace(topic.id, topic.name);
  LEAT_TRY(const auto ends,
           answer<std::vector<bus::Position>>(machine, [&](auto done) { bus.ends(topic.id, std::move(done)); }));
  for (const auto& end : ends) {
    auto& facts = into.facts[{topic.name, end.partition.value}];
    auto from = end;
    from.epoch = Epoch{-1};
    from.next = bus::start_of_log;
    LEAT_TRY(const auto reader, bus.open_reader(topic.id, {from}));
    for (Offset next{0}; next < end.next;) {
      LEAT_TRY(const auto delivery,
               answer<bus::Delivery>(machine, [&](auto done) { reader->next(1 << 20, std::move(done)); }));
      for (const auto& record : delivery.records) {
        LEAT_TRY(auto fact, fact_of(record));
        facts.push_back(std::move(fact));
      }
      next = delivery.positions.back().next;
    }
  }
  return {};
}

}  // namespace

Result<Transcript> read_bus(Machine& machine) {
  Transcript out;
  LEAT_TRY(const auto topics,
           answer<std::vector<bus::Topic>>(machine, [&](auto done) { machine.bus().topics(std::move(done)); }));
  for (const auto& topic : topics) LEAT_CHECK(read_topic(machine, topic, out));
  return out;
}

void check_prefix(const Transcript& before, const Transcript& after, Complaints& complaints) {
  for (const auto& [partition, facts] : before.facts) {
    const auto found = after.facts.find(partition);
    const auto* now = found == after.facts.end() ? nullptr : &found->second;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (now && i < now->size() && (*now)[i] == facts[i]) continue;
      complaints.add(Wrong::lost, fmt::format("{}-{} offset {} was read and is gone or another", partition.first,
                                              partition.second, facts[i].offset));
      break;
    }
  }
}

}  // namespace leat::simulation
