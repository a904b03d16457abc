// tests/seam/rdkafka_bus.h — a bus over librdkafka, thin: enough to hold the seam against a cluster.
//
// A source is a transactional producer; every publish is one transaction that also writes {name, last number} to the
// compacted topic `__leat_progress`, which is read back after init_transactions. Topic ids are made from names, since
// librdkafka 2.0 does not tell the cluster's.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "bus/bus.h"
#include "platform/platform.h"

namespace leat::seam {

struct HandleEnd {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, HandleEnd>;
using Settings = std::vector<std::pair<std::string, std::string>>;
using OnDelivery = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

Result<Handle> make_handle(rd_kafka_type_t, const Settings&, OnDelivery on_delivery = nullptr);

// One mock broker in this process.
class MockCluster {
 public:
  static Result<std::unique_ptr<MockCluster>> make();
  ~MockCluster();
  std::string bootstrap() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  bool create(const std::string& topic, int partitions);

 private:
  explicit MockCluster(Handle host) : host_(std::move(host)), cluster_(rd_kafka_mock_cluster_new(host_.get(), 1)) {}
  Handle host_;
  rd_kafka_mock_cluster_t* cluster_;
};

class RdkafkaBus final : public bus::Bus {
 public:
  explicit RdkafkaBus(MockCluster&);
  ~RdkafkaBus() override;

  const Uuid& id() const override { return id_; }
  std::size_t record_bytes_max() const override;
  void ensure_topic(std::string name, bus::TopicConfig, Done<Result<bus::Topic>> done) override;
  void topics(Done<Result<std::vector<bus::Topic>>> done) override;
  void open_source(std::string name, Done<Result<std::unique_ptr<bus::Source>>> done) override;
  Result<std::unique_ptr<bus::Reader>> open_reader(TopicId, std::vector<bus::Position> from) override;
  void ends(TopicId, Done<Result<std::vector<bus::Position>>> done) override;
  void positions_at(TopicId, std::int64_t unix_ms, Done<Result<std::vector<bus::Position>>> done) override;

  std::optional<bus::Topic> find(TopicId) const;

 private:
  Result<bus::Topic> ensure(const std::string& name, const bus::TopicConfig&);
  Result<std::unique_ptr<bus::Source>> open(const std::string& name);
  Result<std::uint64_t> last_published(const std::string& source);
  std::unique_ptr<platform::Executor> thread(std::string name);

  MockCluster& cluster_;
  const Uuid id_;
  mutable std::mutex mutex_;
  std::map<std::string, bus::Topic> topics_;
  // What sources and readers run on lives as long as the bus: they may be destroyed from their own threads.
  std::vector<std::shared_ptr<void>> workers_;
  std::unique_ptr<platform::Executor> executor_;
};

}  // namespace leat::seam
