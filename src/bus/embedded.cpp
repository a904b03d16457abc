#include "bus/embedded.h"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "bus/crew.h"
#include "bus/embedded_reader.h"
#include "bus/embedded_source.h"
#include "bus/history.h"

namespace leat::bus {
namespace {

broker::TopicConfig to_broker(const TopicConfig& config) {
  return {.partitions = config.partitions,
          .retention_ms = config.retention_ms,
          .retention_bytes = config.retention_bytes,
          .compacted = config.compacted,
          .segment_bytes = config.segment_bytes};
}

Topic from_broker(const broker::Topic& topic) {
  return {.name = topic.name,
          .id = topic.id,
          .config = {.partitions = topic.config.partitions,
                     .retention_ms = topic.config.retention_ms,
                     .retention_bytes = topic.config.retention_bytes,
                     .compacted = topic.config.compacted,
                     .segment_bytes = topic.config.segment_bytes}};
}

class Embedded final : public Bus {
 public:
  Embedded(broker::Broker& broker, platform::Platform platform, EmbeddedOptions options)
      : broker_(broker),
        options_(options),
        crew_(std::make_shared<Crew>(platform.executors.open("bus", options.threads))) {}
  ~Embedded() override { crew_->dismiss(); }

  const Uuid& id() const override { return broker_.id(); }
  std::size_t record_bytes_max() const override { return options_.record_bytes_max; }

  void ensure_topic(std::string name, TopicConfig config, Done<Result<Topic>> done) override {
    broker_.ensure_topic(std::move(name), to_broker(config),
                         [crew = crew_, done = std::move(done)](Result<broker::Topic> made) mutable {
                           crew->post([made = std::move(made), done = std::move(done)]() mutable {
                             if (!made) return done(fail(std::move(made).error()));
                             done(from_broker(*made));
                           });
                         });
  }

  void topics(Done<Result<std::vector<Topic>>> done) override {
    crew_->post([this, done = std::move(done)]() mutable {
      std::vector<Topic> out;
      for (const auto& topic : broker_.topics()) out.push_back(from_broker(topic));
      done(std::move(out));
    });
  }

  void open_source(std::string name, Done<Result<std::unique_ptr<Source>>> done) override {
    broker_.sources().open(name, [this, crew = crew_, done = std::move(done)](Result<broker::Holder> holder) mutable {
      crew->post([this, holder = std::move(holder), done = std::move(done)]() mutable {
        if (!holder) return done(fail(std::move(holder).error()));
        done(std::make_unique<EmbeddedSource>(broker_, crew_, options_, *std::move(holder)));
      });
    });
  }

  Result<std::unique_ptr<Reader>> open_reader(TopicId id, std::vector<Position> from) override {
    LEAT_TRY(const auto topic, find(id));
    if (from.empty()) return fail(Code::invalid, "a reader needs a position to begin at");
    std::set<PartitionIndex> seen;
    for (const Position& position : from) {
      const std::int32_t partition = position.partition.value;
      if (position.topic != id)
        return fail(Code::invalid, fmt::format("a reader of topic {} was given a position in another topic, {}",
                                               topic.name, position.topic.value.text()));
      if (partition < 0 || partition >= topic.config.partitions)
        return fail(Code::invalid, fmt::format("topic {} has partitions 0 to {}, not {}", topic.name,
                                               topic.config.partitions - 1, partition));
      if (!seen.insert(position.partition).second)
        return fail(Code::invalid, fmt::format("two positions for partition {} of topic {}", partition, topic.name));
    }
    return std::make_unique<EmbeddedReader>(broker_, crew_, from);
  }

  void ends(TopicId topic, Done<Result<std::vector<Position>>> done) override {
    each_partition(topic, std::move(done),
                   [](const History& history, log::Log&) -> Result<Offset> { return history.bounds.durable_end; });
  }

  void positions_at(TopicId topic, std::int64_t unix_ms, Done<Result<std::vector<Position>>> done) override {
    each_partition(topic, std::move(done), [unix_ms](const History& history, log::Log& log) {
      return log.offset_at(history.partition, unix_ms);
    });
  }

 private:
  Result<broker::Topic> find(TopicId id) const {
    if (auto topic = broker_.topic(id)) return *std::move(topic);
    return fail(Code::not_found, "there is no topic " + id.value.text());
  }

  template <class OffsetOf>
  void each_partition(TopicId id, Done<Result<std::vector<Position>>> done, OffsetOf offset_of) {
    crew_->post([this, id, done = std::move(done), offset_of]() mutable { done(positions(id, offset_of)); });
  }

  template <class OffsetOf>
  Result<std::vector<Position>> positions(TopicId id, OffsetOf offset_of) {
    LEAT_TRY(const auto topic, find(id));
    std::vector<Position> out;
    for (std::int32_t i = 0; i < topic.config.partitions; ++i) {
      LEAT_TRY(const auto history, History::of(broker_.log(), {id, PartitionIndex{i}}));
      LEAT_TRY(const Offset offset, offset_of(history, broker_.log()));
      out.push_back(history.position(broker_.id(), offset));
    }
    return out;
  }

  broker::Broker& broker_;
  const EmbeddedOptions options_;
  const std::shared_ptr<Crew> crew_;
};

}  // namespace

std::unique_ptr<Bus> make_embedded(broker::Broker& broker, platform::Platform platform, EmbeddedOptions options) {
  return std::make_unique<Embedded>(broker, platform, options);
}

}  // namespace leat::bus
