#include "rdkafka_bus.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>

#include <fmt/format.h>

#include "broker/gate.h"
#include "broker/topic.h"
#include "platform/real.h"

namespace leat::seam {
namespace {

using broker::Gate;
using bus::Delivered;
using bus::Delivery;
using bus::Position;
using bus::Publication;
using bus::Record;

constexpr const char* progress_topic = "__leat_progress";
constexpr int patience_ms = 10'000;
constexpr std::size_t largest_record = 900'000;  // bytes

struct MessageEnd {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageEnd>;

Code code_of(rd_kafka_resp_err_t error) {
  if (error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
      error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED)
    return Code::fenced;
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? Code::too_large : Code::unavailable;
}

Result<> check(rd_kafka_resp_err_t error, std::string_view what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return fail(code_of(error), fmt::format("{}: {}", what, rd_kafka_err2str(error)));
}

Result<> check(rd_kafka_error_t* error, std::string_view what) {
  if (!error) return {};
  auto result = check(rd_kafka_error_code(error), what);
  rd_kafka_error_destroy(error);
  return result;
}

struct Watermarks {
  std::int64_t low = 0, high = 0;
};

Result<Watermarks> watermarks(rd_kafka_t* handle, const std::string& topic, std::int32_t partition) {
  Watermarks marks;
  LEAT_CHECK(
      check(rd_kafka_query_watermark_offsets(handle, topic.c_str(), partition, &marks.low, &marks.high, patience_ms),
            "watermarks"));
  return marks;
}

Result<> assign(rd_kafka_t* consumer, const std::string& topic, const std::map<std::int32_t, std::int64_t>& offsets) {
  const auto list = rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size()));
  for (const auto& [partition, offset] : offsets)
    rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = offset;
  const auto error = rd_kafka_assign(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);
  return check(error, "assign");
}

Settings consumer_settings(const MockCluster& cluster) {
  return {{"bootstrap.servers", cluster.bootstrap()},
          {"group.id", "seam"},
          {"enable.auto.commit", "false"},
          {"isolation.level", "read_committed"},
          {"auto.offset.reset", "error"},
          {"fetch.wait.max.ms", "10"},
          {"message.max.bytes", "2000000"}};
}

std::string_view bytes(const void* data, std::size_t size) { return {static_cast<const char*>(data), size}; }

// A source: publishes are tasks of one thread, each a transaction.
class Producer : public std::enable_shared_from_this<Producer> {
 public:
  Producer(RdkafkaBus& bus, std::string name, Handle handle, std::unique_ptr<platform::Executor> executor,
           std::uint64_t last)
      : bus_(bus),
        name_(std::move(name)),
        handle_(std::move(handle)),
        published_(last),
        executor_(std::move(executor)) {}

  void publish(std::vector<Publication> publications, Done<Result<std::vector<Position>>> done) {
    executor_->post([this, publications = std::move(publications), done = std::move(done)]() mutable {
      if (!gate_.open()) return;
      auto outcome = broken_ ? Result<std::vector<Position>>(fail(*broken_)) : transact(publications);
      if (!outcome) broken_ = outcome.error();
      gate_.enter([&] { done(std::move(outcome)); });
    });
  }
  std::uint64_t published() const { return published_; }
  void cancel() { gate_.close(); }

  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->_private) *static_cast<std::int64_t*>(message->_private) = message->err ? -1 : message->offset;
  }

 private:
  Result<> admit(const std::vector<Publication>& publications) const {
    if (publications.empty()) return fail(Code::invalid, "nothing to publish");
    std::uint64_t last = published_;
    for (const auto& [number, topic, partition, record] : publications) {
      if (number <= std::exchange(last, number)) return fail(Code::invalid, "numbers ascend");
      const auto found = bus_.find(topic);
      if (!found) return fail(Code::not_found, "no such topic");
      if (partition.value < 0 || partition.value >= found->config.partitions)
        return fail(Code::invalid, "no such partition");
      if (bus::payload_bytes(record) > largest_record) return fail(Code::too_large, "record_bytes_max");
    }
    return {};
  }

  Result<std::vector<Position>> transact(const std::vector<Publication>& publications) {
    LEAT_CHECK(admit(publications));
    std::deque<std::int64_t> offsets(publications.size(), -1);
    LEAT_CHECK(check(rd_kafka_begin_transaction(handle_.get()), "begin"));
    for (std::size_t i = 0; i < publications.size(); ++i)
      LEAT_CHECK(produce(bus_.find(publications[i].topic)->name, publications[i].partition.value,
                         publications[i].record, &offsets[i]));
    const Record progress{
        .timestamp_ms = 1, .key = name_, .value = std::to_string(publications.back().number), .headers = {}};
    LEAT_CHECK(produce(progress_topic, 0, progress, nullptr));
    LEAT_CHECK(check(rd_kafka_commit_transaction(handle_.get(), patience_ms), "commit"));
    published_ = publications.back().number;
    std::vector<Position> positions;
    for (std::size_t i = 0; i < publications.size(); ++i)
      positions.push_back(
          {bus_.id(), publications[i].topic, publications[i].partition, Epoch{-1}, Offset{offsets[i] + 1}});
    return positions;
  }

  Result<> produce(const std::string& topic, std::int32_t partition, const Record& record, std::int64_t* offset) {
    const auto headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [key, value] : record.headers)
      rd_kafka_header_add(headers, key.data(), static_cast<ssize_t>(key.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    const auto data = [](const std::optional<std::string>& part) {
      return part ? const_cast<char*>(part->data()) : nullptr;
    };
    const std::size_t key_size = record.key.value_or("").size(), value_size = record.value.value_or("").size();
    const auto error =
        rd_kafka_producev(handle_.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(data(record.key), key_size),
                          RD_KAFKA_V_VALUE(data(record.value), value_size), RD_KAFKA_V_TIMESTAMP(record.timestamp_ms),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(offset), RD_KAFKA_V_END);
    if (error) rd_kafka_headers_destroy(headers);
    return check(error, "produce");
  }

  RdkafkaBus& bus_;
  const std::string name_;
  const Handle handle_;
  std::atomic<std::uint64_t> published_;
  std::optional<Error> broken_;
  Gate gate_;
  std::unique_ptr<platform::Executor> executor_;
};

// A reader: one thread polls librdkafka as long as somebody waits.
class Consumer {
 public:
  Consumer(RdkafkaBus& bus, bus::Topic topic, std::vector<Position> from, Handle handle,
           std::unique_ptr<platform::Executor> executor)
      : bus_(bus),
        topic_(std::move(topic)),
        from_(std::move(from)),
        handle_(std::move(handle)),
        executor_(std::move(executor)) {}
  ~Consumer() {
    cancel();
    executor_.reset();
    rd_kafka_consumer_close(handle_.get());
  }

  void next(std::size_t bytes_max, Done<Result<Delivery>> done) {
    executor_->post([this, bytes_max, done = std::move(done)]() mutable {
      auto delivery = stopped_ ? Result<Delivery>(fail(*stopped_)) : collect(bytes_max);
      if (!delivery) stopped_ = delivery.error();
      gate_.enter([&] { done(std::move(delivery)); });
    });
  }
  void cancel() { gate_.close(); }

 private:
  Result<> begin() {
    for (const Position& position : from_) {
      const std::int32_t partition = position.partition.value;
      if (position.bus != bus_.id()) return fail(Code::history_lost, "another bus");
      LEAT_TRY(const auto marks, watermarks(handle_.get(), topic_.name, partition));
      next_[partition] = position.next == bus::start_of_log ? marks.low : position.next.value;
      if (next_[partition] < marks.low || next_[partition] > marks.high)
        return fail(Code::history_lost, fmt::format("there is {} to {}", marks.low, marks.high));
      if (position.next == bus::start_of_log) moved_[partition] = true;
    }
    begun_ = true;
    return assign(handle_.get(), topic_.name, next_);
  }

  Result<Delivery> collect(std::size_t bytes_max) {
    if (!begun_) LEAT_CHECK(begin());
    Delivery delivery;
    auto messages = std::make_shared<std::vector<Message>>();
    // The first message is waited for, unless a start was found; what else has arrived comes with it.
    for (std::size_t size = 0; gate_.open() && size < std::max<std::size_t>(bytes_max, 1);) {
      const bool some = !messages->empty() || !moved_.empty();
      Message message(rd_kafka_consumer_poll(handle_.get(), some ? 0 : 100));
      if (!message && some) break;
      if (!message) continue;
      LEAT_CHECK(check(message->err, "consume"));
      size += message->len + message->key_len;
      moved_[message->partition] = true;
      next_[message->partition] = message->offset + 1;
      delivery.records.push_back(view(*message));
      messages->push_back(std::move(message));
    }
    LEAT_CHECK(finish(delivery));
    delivery.bytes = std::move(messages);
    return delivery;
  }

  Result<> finish(Delivery& delivery) {
    delivery.at_end = true;
    for (const auto& [partition, next] : next_) {
      LEAT_TRY(const auto marks, watermarks(handle_.get(), topic_.name, partition));
      if (next < marks.high) delivery.at_end = false;
      if (moved_[partition]) delivery.positions.push_back({bus_.id(), topic_.id, {partition}, Epoch{-1}, Offset{next}});
    }
    moved_.clear();
    return {};
  }

  static Delivered view(const rd_kafka_message_t& message) {
    Delivered out{
        {message.partition}, Offset{message.offset}, rd_kafka_message_timestamp(&message, nullptr), {}, {}, {}};
    if (message.key) out.key = bytes(message.key, message.key_len);
    if (message.payload) out.value = bytes(message.payload, message.len);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
    const char* name;
    const void* value;
    std::size_t size;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i)
      out.headers.emplace_back(name, bytes(value, size));
    return out;
  }

  RdkafkaBus& bus_;
  const bus::Topic topic_;
  const std::vector<Position> from_;
  const Handle handle_;
  bool begun_ = false;
  std::map<std::int32_t, std::int64_t> next_;
  std::map<std::int32_t, bool> moved_;
  std::optional<Error> stopped_;
  Gate gate_;
  std::unique_ptr<platform::Executor> executor_;
};

class RdkafkaSource final : public bus::Source {
 public:
  explicit RdkafkaSource(std::shared_ptr<Producer> producer) : producer_(std::move(producer)) {}
  ~RdkafkaSource() override { producer_->cancel(); }
  std::uint64_t last_published() const override { return producer_->published(); }
  void publish(std::vector<Publication> publications, Done<Result<std::vector<Position>>> done) override {
    producer_->publish(std::move(publications), std::move(done));
  }

 private:
  std::shared_ptr<Producer> producer_;
};

class RdkafkaReader final : public bus::Reader {
 public:
  explicit RdkafkaReader(std::shared_ptr<Consumer> consumer) : consumer_(std::move(consumer)) {}
  ~RdkafkaReader() override { consumer_->cancel(); }
  void next(std::size_t bytes_max, Done<Result<Delivery>> done) override {
    consumer_->next(bytes_max, std::move(done));
  }

 private:
  std::shared_ptr<Consumer> consumer_;
};

TopicId id_of(const std::string& name) {
  TopicId id;
  for (std::size_t i = 0; i < name.size(); ++i)
    id.value.bytes[i % 16] =
        static_cast<std::uint8_t>(id.value.bytes[i % 16] * 31 + static_cast<unsigned char>(name[i]) + 1);
  return id;
}

}  // namespace

Result<Handle> make_handle(rd_kafka_type_t type, const Settings& settings, OnDelivery on_delivery) {
  char why[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  if (on_delivery) rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  for (const auto& [name, value] : settings)
    LEAT_ASSERT(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK);
  Handle handle(rd_kafka_new(type, conf, why, sizeof why));
  if (handle) return handle;
  rd_kafka_conf_destroy(conf);
  return fail(Code::unavailable, why);
}

Result<std::unique_ptr<MockCluster>> MockCluster::make() {
  LEAT_TRY(auto host, make_handle(RD_KAFKA_PRODUCER, {}));
  std::unique_ptr<MockCluster> cluster(new MockCluster(std::move(host)));
  if (!cluster->cluster_) return fail(Code::unavailable, "librdkafka makes no mock cluster here");
  if (!cluster->create(progress_topic, 1)) return fail(Code::unavailable, "the mock cluster makes no topics");
  return cluster;
}

MockCluster::~MockCluster() {
  if (cluster_) rd_kafka_mock_cluster_destroy(cluster_);
}

bool MockCluster::create(const std::string& topic, int partitions) {
  return rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

RdkafkaBus::RdkafkaBus(MockCluster& cluster)
    : cluster_(cluster), id_(Uuid::v4(platform::real().random.bytes16())), executor_(thread("seam")) {}

std::size_t RdkafkaBus::record_bytes_max() const { return largest_record; }

RdkafkaBus::~RdkafkaBus() {
  executor_.reset();
  workers_.clear();
}

std::unique_ptr<platform::Executor> RdkafkaBus::thread(std::string name) {
  return platform::real().executors.open(std::move(name), 1);
}

void RdkafkaBus::ensure_topic(std::string name, bus::TopicConfig config, Done<Result<bus::Topic>> done) {
  executor_->post(
      [this, name = std::move(name), config, done = std::move(done)]() mutable { done(ensure(name, config)); });
}

Result<bus::Topic> RdkafkaBus::ensure(const std::string& name, const bus::TopicConfig& config) {
  LEAT_CHECK(broker::check_topic_name(name));
  LEAT_CHECK(broker::check_topic_config({.partitions = config.partitions}, 1000));
  const std::lock_guard lock(mutex_);
  if (const auto known = topics_.find(name); known != topics_.end()) {
    if (known->second.config.partitions == config.partitions) return known->second;
    return fail(Code::conflict, "exists with another number of partitions");
  }
  if (!cluster_.create(name, config.partitions)) return fail(Code::unavailable, "the cluster does not make it");
  return topics_[name] = {name, id_of(name), config};
}

void RdkafkaBus::topics(Done<Result<std::vector<bus::Topic>>> done) {
  executor_->post([this, done = std::move(done)]() mutable {
    std::vector<bus::Topic> out;
    for (const auto& [name, topic] : topics_) out.push_back(topic);
    done(std::move(out));
  });
}

std::optional<bus::Topic> RdkafkaBus::find(TopicId id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, topic] : topics_)
    if (topic.id == id) return topic;
  return std::nullopt;
}

void RdkafkaBus::open_source(std::string name, Done<Result<std::unique_ptr<bus::Source>>> done) {
  executor_->post([this, name = std::move(name), done = std::move(done)]() mutable { done(open(name)); });
}

Result<std::unique_ptr<bus::Source>> RdkafkaBus::open(const std::string& name) {
  LEAT_TRY(auto handle, make_handle(RD_KAFKA_PRODUCER,
                                    {{"bootstrap.servers", cluster_.bootstrap()},
                                     {"transactional.id", name},
                                     {"linger.ms", "0"},
                                     {"message.max.bytes", "2000000"}},
                                    Producer::on_delivery));
  LEAT_CHECK(check(rd_kafka_init_transactions(handle.get(), patience_ms), "init_transactions"));
  LEAT_TRY(const std::uint64_t last, last_published(name));
  auto producer = std::make_shared<Producer>(*this, name, std::move(handle), thread("producer"), last);
  workers_.push_back(producer);
  return std::make_unique<RdkafkaSource>(std::move(producer));
}

// Reads the progress topic whole: a compacted topic, so that this stays short.
Result<std::uint64_t> RdkafkaBus::last_published(const std::string& source) {
  LEAT_TRY(const auto consumer, make_handle(RD_KAFKA_CONSUMER, consumer_settings(cluster_)));
  LEAT_TRY(const auto marks, watermarks(consumer.get(), progress_topic, 0));
  std::uint64_t last = 0;
  if (marks.high == marks.low) return last;
  LEAT_CHECK(assign(consumer.get(), progress_topic, {{0, marks.low}}));
  for (std::int64_t next = marks.low; next < marks.high;) {
    const Message message(rd_kafka_consumer_poll(consumer.get(), patience_ms));
    if (!message) return fail(Code::timeout, "the progress topic");
    LEAT_CHECK(check(message->err, "the progress topic"));
    next = message->offset + 1;
    const auto text = bytes(message->payload, message->len);
    if (bytes(message->key, message->key_len) == source) std::from_chars(text.data(), text.data() + text.size(), last);
  }
  rd_kafka_consumer_close(consumer.get());
  return last;
}

Result<std::unique_ptr<bus::Reader>> RdkafkaBus::open_reader(TopicId id, std::vector<Position> from) {
  const auto topic = find(id);
  if (!topic) return fail(Code::not_found, "no such topic");
  std::map<std::int32_t, int> seen;
  for (const Position& position : from) {
    const std::int32_t partition = position.partition.value;
    if (position.topic != id || partition < 0 || partition >= topic->config.partitions || seen[partition]++ != 0)
      return fail(Code::invalid, "positions of each one partition of this topic");
  }
  if (from.empty()) return fail(Code::invalid, "no position");
  LEAT_TRY(auto handle, make_handle(RD_KAFKA_CONSUMER, consumer_settings(cluster_)));
  auto consumer = std::make_shared<Consumer>(*this, *topic, std::move(from), std::move(handle), thread("consumer"));
  const std::lock_guard lock(mutex_);
  workers_.push_back(consumer);
  return std::make_unique<RdkafkaReader>(std::move(consumer));
}

void RdkafkaBus::ends(TopicId id, Done<Result<std::vector<Position>>> done) {
  executor_->post([this, id, done = std::move(done)]() mutable {
    const auto find_ends = [&]() -> Result<std::vector<Position>> {
      const auto topic = find(id);
      if (!topic) return fail(Code::not_found, "no such topic");
      LEAT_TRY(const auto handle, make_handle(RD_KAFKA_CONSUMER, consumer_settings(cluster_)));
      std::vector<Position> out;
      for (std::int32_t i = 0; i < topic->config.partitions; ++i) {
        LEAT_TRY(const auto marks, watermarks(handle.get(), topic->name, i));
        out.push_back({id_, id, {i}, Epoch{-1}, Offset{marks.high}});
      }
      return out;
    };
    done(find_ends());
  });
}

void RdkafkaBus::positions_at(TopicId, std::int64_t, Done<Result<std::vector<Position>>> done) {
  executor_->post([done = std::move(done)]() mutable { done(fail(Code::unavailable, "the mock cluster cannot")); });
}

}  // namespace leat::seam
