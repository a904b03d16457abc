// broker/broker.h — topics and named sources over one log. Knows no protocol's bytes and no services.
//
// What it must remember lies in internal compacted topics of the same log (docs/formats/internal-topics.md), so one
// engine and one set of crash tests covers it all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "broker/gate.h"
#include "broker/internal_partition.h"
#include "broker/retention.h"
#include "broker/sources.h"
#include "broker/topics.h"
#include "log/log.h"
#include "platform/platform.h"
#include "telemetry/telemetry.h"

namespace leat::broker {

struct Options {
  std::uint64_t compact_bytes = 4ull << 20;  // written to an internal topic before it is compacted again
  std::int32_t partitions_max = leat::partitions_max;
  std::size_t sources_max = 10'000;
  platform::Duration retention_every = std::chrono::minutes(1);
};

// Safe to use from any thread. Callbacks come on a thread of the log's or the broker's own: keep them short, and never
// destroy the broker from one. The log outlives the broker; close the log after it. What is outstanding when it is
// destroyed is answered by the log or not at all.
class Broker {
 public:
  // Makes the internal topics in a log without any, reads them back otherwise. Code::corrupt when one of them, or a
  // partition of an acknowledged topic, is missing.
  static Result<std::unique_ptr<Broker>> open(platform::Platform, log::Log&, Options = {},
                                              telemetry::Telemetry* = nullptr);
  ~Broker();

  // Who we are, in every position. Made once; durable before any topic is.
  const Uuid& id() const { return topics_.bus_id(); }
  log::Log& log() { return log_; }

  void ensure_topic(std::string name, TopicConfig, Done<Result<Topic>> done);
  std::vector<Topic> topics() const { return topics_.all(); }
  std::optional<Topic> topic(TopicId id) const { return topics_.find(id); }

  Sources& sources() { return sources_; }

  // How often an internal topic was compacted in this life.
  std::uint64_t compactions() const { return topic_records_.compactions() + source_records_.compactions(); }

 private:
  Broker(platform::Platform, log::Log&, Options, telemetry::Telemetry*);

  log::Log& log_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::unique_ptr<platform::Executor> executor_;
  InternalPartition topic_records_, source_records_;
  Topics topics_;
  Sources sources_;
  Retention retention_;
};

}  // namespace leat::broker
