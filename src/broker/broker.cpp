#include "broker/broker.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace leat::broker {
namespace {

// Small segments: a compaction replaces whole ones.
constexpr log::PartitionOptions internal_options{.segment_bytes = 8 << 20, .retention_ms = {}, .retention_bytes = {}};

std::unexpected<Error> missing(std::string_view name) {
  return fail(Code::corrupt, fmt::format("internal topic {} is missing from a log that is not empty", name));
}

// The internal topics are made once, in a log that holds nothing else; a missing one in any other log is damage, and
// making it anew would hide that.
Result<> make_internal_partitions(log::Log& log) {
  const auto present = log.partitions();
  const auto has = [&](const log::PartitionId& id) { return std::ranges::find(present, id) != present.end(); };
  const bool sources = has(sources_partition()), topics = has(topics_partition());
  if (sources && topics) return {};
  if (!sources && !present.empty()) return missing("__leat_sources");
  if (!topics && present.size() > (sources ? 1 : 0)) return missing("__leat_topics");
  if (!sources) LEAT_CHECK(log.create(sources_partition(), internal_options));
  return log.create(topics_partition(), internal_options);
}

}  // namespace

Broker::Broker(platform::Platform platform, log::Log& log, Options options, telemetry::Telemetry* telemetry)
    : log_(log),
      executor_(platform.executors.open("broker", 1)),
      topic_records_(log, topics_partition(), *executor_, options.compact_bytes, telemetry),
      source_records_(log, sources_partition(), *executor_, options.compact_bytes, telemetry),
      topics_(platform, log, topic_records_, *executor_, gate_, options.partitions_max, telemetry),
      sources_(log, platform.clock, source_records_, gate_, options.sources_max),
      retention_(platform, log, topics_, *executor_, options.retention_every, telemetry) {}

Broker::~Broker() {
  gate_->close();     // from here on the log's callbacks turn back,
  executor_.reset();  // so nothing posts to it any more
}

Result<std::unique_ptr<Broker>> Broker::open(platform::Platform platform, log::Log& log, Options options,
                                             telemetry::Telemetry* telemetry) {
  LEAT_CHECK(make_internal_partitions(log));
  std::unique_ptr<Broker> broker(new Broker(platform, log, options, telemetry));
  LEAT_CHECK(broker->topics_.read());
  LEAT_CHECK(broker->sources_.read());
  broker->retention_.topics_changed();
  return broker;
}

void Broker::ensure_topic(std::string name, TopicConfig config, Done<Result<Topic>> done) {
  topics_.ensure(std::move(name), config, [this, done = std::move(done)](Result<Topic> topic) mutable {
    retention_.topics_changed();
    done(std::move(topic));
  });
}

}  // namespace leat::broker
