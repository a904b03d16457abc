#include "broker/topics.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace leat::broker {

Topics::Topics(platform::Platform platform, log::Log& log, InternalPartition& records, platform::Executor& executor,
               std::shared_ptr<Gate> gate, std::int32_t partitions_max, telemetry::Telemetry* telemetry)
    : platform_(platform),
      log_(log),
      records_(records),
      executor_(executor),
      partitions_max_(partitions_max),
      telemetry_(telemetry),
      gate_(std::move(gate)) {}

Result<> Topics::read() {
  LEAT_CHECK(records_.read([this](auto key, auto value) { return read_record(key, value); }));
  if (!identity_durable_) {
    if (!known_.empty()) return fail(Code::corrupt, "__leat_topics names topics, but not the bus they belong to");
    bus_id_ = Uuid::v4(platform_.random.bytes16());
  }
  for (const auto& [name, record] : known_) LEAT_CHECK(check_or_complete(record));
  return {};
}

Result<> Topics::read_record(std::string_view key, std::optional<std::string_view> value) {
  if (key == identity_key && value) {
    LEAT_TRY(bus_id_, decode_identity(*value));
    identity_durable_ = true;
    return {};
  }
  if (!key.starts_with(topic_key_prefix))
    return fail(Code::invalid, fmt::format("__leat_topics: unknown key '{}'", key));
  const std::string name(key.substr(topic_key_prefix.size()));
  if (!value) {
    known_.erase(name);
    return {};
  }
  LEAT_TRY(known_[name], decode_topic(name, *value));
  return {};
}

// A settled topic must be whole. One that is not was cut short by a crash (or by a disk that was full) and nobody was
// told that it exists; when it cannot be completed now, ensure() will try again.
Result<> Topics::check_or_complete(const TopicRecord& record) {
  const Topic& topic = record.topic;
  if (!record.settled) {
    auto made = make_partitions(topic);
    if (!made && telemetry_)
      telemetry_->log.warn("could not finish making a topic", {{"topic", topic.name}, {"why", made.error()}});
    if (made) ready_.emplace(topic.id, topic);
    return {};
  }
  for (std::int32_t i = 0; i < topic.config.partitions; ++i) {
    const log::PartitionId partition{topic.id, PartitionIndex{i}};
    if (const auto bounds = log_.bounds(partition); !bounds)
      return fail(Code::corrupt,
                  fmt::format("topic {}: partition {} is missing: {}", topic.name, i, bounds.error().what));
  }
  ready_.emplace(topic.id, topic);
  return {};
}

void Topics::ensure(std::string name, TopicConfig config, Done<Result<Topic>> done) {
  executor_.post([this, name = std::move(name), config, done = std::move(done)]() mutable {
    auto& wishes = wishes_[name];
    wishes.push_back({config, std::move(done)});
    if (wishes.size() == 1) begin(name);
  });
}

void Topics::begin(const std::string& name) {
  auto wanted = target(name, wishes_[name].front().config);
  if (!wanted) return finish(name, fail(std::move(wanted).error()));
  if (wanted->settled) return finish(name, std::move(wanted->topic));
  record(*wanted, [this, wanted = *wanted](Result<> recorded) {
    if (!recorded) return finish(wanted.topic.name, fail(std::move(recorded).error()));
    make(wanted);
  });
}

Result<TopicRecord> Topics::target(const std::string& name, const TopicConfig& config) const {
  LEAT_CHECK(check_topic_name(name));
  LEAT_CHECK(check_topic_config(config, partitions_max_));
  const auto known = known_.find(name);
  if (known == known_.end())
    return TopicRecord{{name, TopicId{Uuid::v4(platform_.random.bytes16())}, config}, /*settled=*/false};
  const TopicRecord& existing = known->second;
  if (existing.topic.config.partitions != config.partitions && !unused(existing.topic))
    return fail(Code::conflict, fmt::format("topic {} has {} partitions, not {}; their number is fixed, since it says "
                                            "where each key lies: make a new topic and move to it",
                                            name, existing.topic.config.partitions, config.partitions));
  if (existing.settled && existing.topic.config == config) return existing;
  return TopicRecord{{name, existing.topic.id, config}, /*settled=*/false};
}

// No key has a place in it yet, so their number may change.
bool Topics::unused(const Topic& topic) const {
  for (std::int32_t i = 0; i < topic.config.partitions; ++i) {
    const auto bounds = log_.bounds({topic.id, PartitionIndex{i}});
    if (bounds && bounds->durable_end > Offset{0}) return false;
  }
  return true;
}

void Topics::record(TopicRecord record, Then then) {
  const std::int64_t now = platform_.clock.unix_ms();
  std::vector<log::Part> parts;
  if (!identity_durable_) parts.push_back(records_.put(identity_key, encode_identity(bus_id_), now));
  parts.push_back(records_.put(topic_key(record.topic.name), encode_topic(record), now));
  std::uint64_t bytes = 0;
  for (const auto& part : parts) bytes += part.batches.size();
  log_.append(std::move(parts),
              through(gate_, [this, bytes, record = std::move(record), then = std::move(then)](auto outcome) {
                executor_.post([this, bytes, record, then, outcome = std::move(outcome)]() mutable {
                  if (!outcome) return then(fail(std::move(outcome).error()));
                  identity_durable_ = true;
                  known_[record.topic.name] = record;
                  records_.written(bytes);
                  then({});
                });
              }));
}

void Topics::make(TopicRecord wanted) {
  if (auto made = make_partitions(wanted.topic); !made) return finish(wanted.topic.name, fail(std::move(made).error()));
  wanted.settled = true;
  record(wanted, [this, topic = wanted.topic](Result<> recorded) {
    if (!recorded) return finish(topic.name, fail(std::move(recorded).error()));
    finish(topic.name, topic);
  });
}

Result<> Topics::make_partitions(const Topic& topic) {
  const log::PartitionOptions options = partition_options(topic.config);
  for (std::int32_t i = 0; i < topic.config.partitions; ++i) {
    const log::PartitionId partition{topic.id, PartitionIndex{i}};
    if (log_.bounds(partition)) {
      LEAT_CHECK(log_.configure(partition, options));
    } else {
      LEAT_CHECK(log_.create(partition, options));
    }
  }
  // Those of a larger number that it had while it was unused.
  for (std::int32_t i = topic.config.partitions; log_.bounds({topic.id, PartitionIndex{i}}); ++i)
    LEAT_CHECK(log_.remove({topic.id, PartitionIndex{i}}));
  return {};
}

void Topics::finish(const std::string& name, Result<Topic> outcome) {
  if (outcome) {
    const std::lock_guard lock(mutex_);
    ready_.insert_or_assign(outcome->id, *outcome);
  }
  if (!outcome) outcome = fail(std::move(outcome).error().in("topic " + name));
  auto& wishes = wishes_[name];
  auto done = std::move(wishes.front().done);
  wishes.pop_front();
  if (wishes.empty()) {
    wishes_.erase(name);
  } else {
    executor_.post([this, name] { begin(name); });
  }
  done(std::move(outcome));
}

std::vector<Topic> Topics::all() const {
  std::vector<Topic> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, topic] : ready_) out.push_back(topic);
  }
  std::ranges::sort(out, {}, &Topic::name);
  return out;
}

std::optional<Topic> Topics::find(TopicId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = ready_.find(id);
  return found == ready_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace leat::broker
