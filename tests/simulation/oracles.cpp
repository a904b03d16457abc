#include "oracles.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "bus/position.h"

namespace leat::simulation {
namespace {

std::vector<std::string_view> types_of(Kind kind) {
  switch (kind) {
    case Kind::came:
      return {"person.came"};
    case Kind::renamed:
      return {"person.renamed"};
    case Kind::left:
      return {"person.left"};
    case Kind::sent:
      return {"letter.sent", "stamp.used"};
    case Kind::burnt:
      return {"letter.burnt"};
  }
  return {};
}

std::int64_t number(const Fact& fact, const char* name) {
  const auto* value = fact.data.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::string text(const Fact& fact, const char* name) {
  const auto* value = fact.data.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Goes over the whole bus once and keeps what it needs to answer for every intent.
class Examination {
 public:
  Examination(const Journal& journal, Complaints& complaints) : journal_(journal), complaints_(complaints) {}

  void partition(const Partition& partition, const std::vector<Fact>& facts) {
    std::uint64_t last_asked = 0;  // of all that came before in this partition
    for (const auto& fact : facts) {
      const auto place = fmt::format("{}-{} offset {}: {}", partition.first, partition.second, fact.offset,
                                     json::serialize(fact.data));
      if (!event_ids_.insert(fact.event_id).second)
        complaints_.add(Wrong::doubled, place + ": the event id is there twice");
      const auto* intent = intent_of(fact);
      if (!intent) {
        complaints_.add(Wrong::invented, place + ": nobody asked for it");
        continue;
      }
      auto& places = places_[{intent->number, fact.type}];
      places.emplace(partition, fact.offset);
      if (places.size() > 1) complaints_.add(Wrong::doubled, place + ": is there twice");
      content(*intent, fact, place);
      sequence(fact, place);
      if (intent->acknowledged() && intent->answered_at < last_asked)
        complaints_.add(Wrong::out_of_order, place + ": lies behind what was asked after its answer");
      last_asked = std::max(last_asked, intent->asked_at);
    }
  }

  void intents(const std::map<TopicId, std::string>& topics) {
    for (const auto& intent : journal_.intents) {
      if (!intent.acknowledged()) continue;
      for (const auto type : types_of(intent.kind)) {
        const auto found = places_.find({intent.number, std::string(type)});
        if (found == places_.end()) {
          complaints_.add(Wrong::lost,
                          fmt::format("i{} was acknowledged with {}: no {}", intent.number, intent.status, type));
          continue;
        }
        covered(intent, found->second, topics);
      }
    }
  }

  void seen() {
    for (const auto& [id, version] : journal_.versions_seen)
      if (!versions_.contains({id, version}))
        complaints_.add(Wrong::lost,
                        fmt::format("person {} was shown at version {}, which no event tells", id, version));
    for (const auto id : journal_.letters_seen)
      if (!letters_.contains(id))
        complaints_.add(Wrong::lost, fmt::format("letter {} was shown, and no event tells it", id));
  }

 private:
  using Places = std::set<std::pair<Partition, std::int64_t>>;

  const Intent* intent_of(const Fact& fact) const {
    const auto name = text(fact, "intent");
    std::size_t number = 0;
    if (name.size() < 2 || std::from_chars(name.data() + 1, name.data() + name.size(), number).ec != std::errc{})
      return nullptr;
    if (number >= journal_.intents.size()) return nullptr;
    const auto& intent = journal_.intents[number];
    const auto types = types_of(intent.kind);
    const bool fits = std::ranges::find(types, fact.type) != types.end();
    return fits && !intent.rejected() ? &intent : nullptr;
  }

  void content(const Intent& intent, const Fact& fact, const std::string& place) {
    const auto id = number(fact, fact.type == "stamp.used" ? "letter" : "id");
    bool same = intent.id == 0 || id == intent.id;  // 0: the answer that tells the id never came
    if (intent.kind == Kind::came || intent.kind == Kind::renamed) same = same && text(fact, "name") == intent.name;
    if (intent.kind == Kind::sent) same = same && number(fact, "recipient") == intent.recipient;
    if (fact.type == "letter.sent") same = same && number(fact, "sender") == intent.sender;
    if (intent.version != 0) same = same && number(fact, "version") == intent.version;
    if (!same) complaints_.add(Wrong::invented, place + ": is not what was asked and answered");
  }

  // Versions count the changes of one person, so a lost, doubled or misplaced event shows in the ones beside it.
  void sequence(const Fact& fact, const std::string& place) {
    const auto id = number(fact, "id");
    if (fact.type == "letter.sent" && !letters_.insert(id).second)
      complaints_.add(Wrong::doubled, place + ": the id is given twice");
    if (fact.type == "person.came" && last_version_.contains(id))
      complaints_.add(Wrong::doubled, place + ": the id is given twice");
    if (fact.type == "person.came" || fact.type == "person.renamed") {
      const auto version = number(fact, "version");
      if (version != ++last_version_[id])
        complaints_.add(Wrong::out_of_order, fmt::format("{}: version {} expected", place, last_version_[id]));
      last_version_[id] = version;
      versions_.emplace(id, version);
    }
  }

  void covered(const Intent& intent, const Places& places, const std::map<TopicId, std::string>& topics) {
    if (intent.position.empty() || intent.position.starts_with("outbox.")) return;
    const auto positions = bus::parse_positions(intent.position);
    for (const auto& [partition, offset] : places) {
      const bool within = positions && std::ranges::any_of(*positions, [&](const bus::Position& position) {
                            const auto topic = topics.find(position.topic);
                            return topic != topics.end() &&
                                   Partition{topic->second, position.partition.value} == partition &&
                                   position.next.value > offset;
                          });
      if (!within)
        complaints_.add(Wrong::out_of_order,
                        fmt::format("i{}: {}-{} offset {} is not covered by its position {}", intent.number,
                                    partition.first, partition.second, offset, intent.position));
    }
  }

  const Journal& journal_;
  Complaints& complaints_;
  std::set<std::string> event_ids_;
  std::map<std::pair<std::uint64_t, std::string>, Places> places_;
  std::map<std::int64_t, std::int64_t> last_version_;
  std::set<std::pair<std::int64_t, std::int64_t>> versions_;
  std::set<std::int64_t> letters_;
};

}  // namespace

void check_events(const Transcript& transcript, const Journal& journal, Complaints& complaints) {
  Examination examination(journal, complaints);
  for (const auto& [partition, facts] : transcript.facts) examination.partition(partition, facts);
  examination.intents(transcript.topics);
  examination.seen();
}

void check_snapshots(const Transcript& transcript, const std::vector<Snapshot>& snapshots, Complaints& complaints) {
  for (const auto& shot : snapshots) {
    const auto what = fmt::format("read model {}.{}", shot.of.service, shot.of.name);
    for (const auto& [partition, next] : shot.reached) {
      const auto found = transcript.facts.find(partition);
      const auto end = found == transcript.facts.end() || found->second.empty() ? 0 : found->second.back().offset + 1;
      if (next > end)
        complaints.add(Wrong::read_model, fmt::format("{} is at {} of {}-{}, which ends at {}", what, next,
                                                      partition.first, partition.second, end));
    }
    auto expected = fold(transcript, &shot.reached);
    std::erase_if(expected, [&](const auto& table) { return !shot.tables.contains(table.first); });
    check_tables(what, expected, shot.tables, complaints);
  }
}

void check_tables(std::string_view what, const Tables& expected, const Tables& found, Complaints& complaints) {
  for (const auto& [table, rows] : expected) {
    const auto at = found.find(table);
    if (at != found.end() && at->second == rows) continue;
    std::string difference;
    const auto other = at == found.end() ? Rows() : at->second;
    const auto [mine, theirs] = std::ranges::mismatch(rows, other);
    difference = fmt::format("expected {}, found {}", mine == rows.end() ? "no more" : *mine,
                             theirs == other.end() ? "no more" : *theirs);
    complaints.add(Wrong::read_model, fmt::format("{}: table {}: {} rows expected, {} found; {}", what, table,
                                                  rows.size(), other.size(), difference));
  }
}

}  // namespace leat::simulation
