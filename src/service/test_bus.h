// service/test_bus.h — for tests: a bus in memory that outlives systems and loses answers on command.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/bus.h"
#include "platform/platform.h"

namespace leat::service {

// Keeps the contract of bus::Bus in one thread (a simulated world's). What was published survives whatever is built on
// it.
class TestBus final : public bus::Bus {
 public:
  TestBus(platform::Platform platform, std::int64_t first_offset = 0)
      : id_(Uuid::v4(platform.random.bytes16())), random_(platform.random), first_offset_(first_offset) {
    power_on(platform);
  }
  // Its calls come on an executor, which dies with the machine.
  void power_off() { executor_.reset(); }
  void power_on(platform::Platform platform) { executor_ = platform.executors.open("bus", 1); }

  enum class Lost { nothing, request, answer };  // of the next publish
  void lose(Lost what) { lost_ = what; }
  void refuse_publishing(bool refuse, Code why = Code::unavailable) {
    refuses_ = refuse;
    why_ = why;
  }

  void set_record_bytes_max(std::size_t bytes) { record_bytes_max_ = bytes; }

  void refuse_topics(std::optional<Code> why) { refuses_topics_ = why; }

  struct Stored {
    bus::Record record;
    Offset offset;
  };
  std::vector<Stored>& records(const std::string& topic, std::int32_t partition) {
    return topic_of(topic).partitions[static_cast<std::size_t>(partition)].records;
  }
  std::vector<bus::Record> all(const std::string& topic) {
    std::vector<bus::Record> out;
    for (const auto& partition : topic_of(topic).partitions)
      for (const auto& stored : partition.records) out.push_back(stored.record);
    return out;
  }
  // As another program would.
  void put(const std::string& topic, std::int32_t partition, bus::Record record) {
    append(topic_of(topic), PartitionIndex{partition}, std::move(record));
    wake_readers();
  }
  // As if the folder had been begun anew without this topic.
  void lose_topic(const std::string& name) { topics_.erase(name); }
  // As if the folder came from a backup: what `source` has published since is not there. Only of its numbers.
  void restore_source(const std::string& source, std::uint64_t last) { sources_[source].last = last; }
  const bus::TopicConfig& config(const std::string& topic) { return topic_of(topic).about.config; }
  bool has(const std::string& topic) const { return topics_.contains(topic); }
  std::size_t publishes() const { return publishes_; }

  const Uuid& id() const override { return id_; }
  std::size_t record_bytes_max() const override { return record_bytes_max_; }

  void ensure_topic(std::string name, bus::TopicConfig config, Done<Result<bus::Topic>> done) override {
    if (refuses_topics_)
      return later([why = *refuses_topics_, done = std::move(done)]() mutable { done(fail(why, "no topic today")); });
    auto& topic = topics_[name];
    if (topic.partitions.empty()) {
      topic.about = {name, TopicId{Uuid::v4(random_.bytes16())}, config};
      topic.partitions.resize(static_cast<std::size_t>(config.partitions));
      for (auto& partition : topic.partitions) partition.next = Offset{first_offset_};
    }
    const bool unused = std::ranges::all_of(topic.partitions, [](const Partition& p) { return p.records.empty(); });
    if (topic.about.config.partitions != config.partitions && !unused)
      return later([done = std::move(done)]() mutable { done(fail(Code::conflict, "another number of partitions")); });
    topic.partitions.resize(static_cast<std::size_t>(config.partitions), {{}, Offset{first_offset_}});
    topic.about.config = config;
    later([done = std::move(done), about = topic.about]() mutable { done(about); });
  }
  void topics(Done<Result<std::vector<bus::Topic>>> done) override {
    std::vector<bus::Topic> out;
    for (const auto& [name, topic] : topics_) out.push_back(topic.about);
    later([done = std::move(done), out]() mutable { done(out); });
  }
  void open_source(std::string name, Done<Result<std::unique_ptr<bus::Source>>> done) override {
    later([this, name, done = std::move(done)]() mutable {
      if (refuses_) return done(fail(why_, "the bus is away"));
      auto& state = sources_[name];
      done(std::make_unique<TestSource>(*this, state, ++state.holder));
    });
  }
  Result<std::unique_ptr<bus::Reader>> open_reader(TopicId topic, std::vector<bus::Position> from) override {
    for (auto& position : from) {
      if (position.bus != id_) return fail(Code::history_lost, "a position of another bus");
      if (position.next == bus::start_of_log) position.next = Offset{first_offset_};
    }
    auto reader = std::make_unique<TestReader>(*this, by_id(topic), std::move(from));
    readers_.push_back(reader->state);
    return reader;
  }
  void ends(TopicId id, Done<Result<std::vector<bus::Position>>> done) override {
    auto& topic = by_id(id);
    std::vector<bus::Position> out;
    for (std::size_t i = 0; i < topic.partitions.size(); ++i)
      out.push_back({id_, id, PartitionIndex{static_cast<std::int32_t>(i)}, Epoch{1}, topic.partitions[i].next});
    later([done = std::move(done), out]() mutable { done(out); });
  }
  void positions_at(TopicId, std::int64_t, Done<Result<std::vector<bus::Position>>> done) override {
    later([done = std::move(done)]() mutable { done(fail(Code::invalid, "not asked by services")); });
  }

 private:
  struct Partition {
    std::vector<Stored> records;
    Offset next;
  };
  struct Topic {
    bus::Topic about;
    std::vector<Partition> partitions;
  };
  struct SourceState {
    std::uint64_t last = 0;
    int holder = 0;
  };
  struct ReaderState {
    Topic* topic;
    std::vector<bus::Position> at;
    std::size_t bytes_max = 0;
    Done<Result<bus::Delivery>> waiting;
  };

  class TestSource final : public bus::Source {
   public:
    TestSource(TestBus& bus, SourceState& state, int holder) : bus_(bus), state_(state), holder_(holder) {}
    std::uint64_t last_published() const override { return state_.last; }
    void publish(std::vector<bus::Publication> what, Done<Result<std::vector<bus::Position>>> done) override {
      bus_.later([bus = &bus_, state = &state_, holder = holder_, alive = std::weak_ptr(alive_), what = std::move(what),
                  done = std::move(done)]() mutable {
        auto result = bus->publish(*state, holder, std::move(what));
        if (alive.lock()) done(std::move(result));
      });
    }

   private:
    TestBus& bus_;
    SourceState& state_;
    const int holder_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
  };

  class TestReader final : public bus::Reader {
   public:
    TestReader(TestBus& bus, Topic& topic, std::vector<bus::Position> from)
        : state(std::make_shared<ReaderState>(ReaderState{&topic, std::move(from), 0, nullptr})), bus_(bus) {}
    void next(std::size_t bytes_max, Done<Result<bus::Delivery>> done) override {
      state->bytes_max = bytes_max;
      state->waiting = std::move(done);
      bus_.wake_readers();
    }
    const std::shared_ptr<ReaderState> state;

   private:
    TestBus& bus_;
  };

  void later(Task task) {
    if (executor_) executor_->post(std::move(task));
  }
  Topic& topic_of(const std::string& name) { return topics_.at(name); }
  Topic& by_id(TopicId id) {
    for (auto& [name, topic] : topics_)
      if (topic.about.id == id) return topic;
    LEAT_ASSERT(!"no such topic");
    std::abort();
  }
  bus::Position append(Topic& topic, PartitionIndex index, bus::Record record) {
    auto& partition = topic.partitions.at(static_cast<std::size_t>(index.value));
    partition.records.push_back({std::move(record), partition.next});
    partition.next = partition.next + std::int64_t{1};
    return {id_, topic.about.id, index, Epoch{1}, partition.next};
  }
  Result<std::vector<bus::Position>> publish(SourceState& state, int holder, std::vector<bus::Publication> what) {
    ++publishes_;
    if (holder != state.holder) return fail(Code::fenced, "a newer holder publishes");
    const auto lost = std::exchange(lost_, Lost::nothing);
    if (refuses_ || lost == Lost::request) return fail(why_, "the bus is away");
    std::vector<bus::Position> out;
    for (const auto& one : what)
      if (bus::payload_bytes(one.record) > record_bytes_max_) return fail(Code::too_large, "record_bytes_max");
    for (auto& one : what) {
      if (one.number <= state.last) return fail(Code::invalid, "a number twice");
      state.last = one.number;
      out.push_back(append(by_id(one.topic), one.partition, std::move(one.record)));
    }
    wake_readers();
    if (lost == Lost::answer) return fail(Code::io, "the answer was lost");
    return out;
  }
  void wake_readers() {
    later([this] {
      std::erase_if(readers_, [](const auto& reader) { return reader.expired(); });
      for (const auto& weak : std::vector(readers_)) {
        const auto reader = weak.lock();
        if (!reader || !reader->waiting) continue;
        auto delivery = deliver(*reader);
        if (!delivery.positions.empty()) std::exchange(reader->waiting, nullptr)(std::move(delivery));
      }
    });
  }
  bus::Delivery deliver(ReaderState& reader) {
    bus::Delivery out;
    std::size_t bytes = 0;
    out.at_end = true;
    auto held = std::make_shared<std::deque<bus::Record>>();
    for (auto& at : reader.at) {
      auto& partition = reader.topic->partitions[static_cast<std::size_t>(at.partition.value)];
      bool moved = false;
      for (const auto& stored : partition.records) {
        if (stored.offset < at.next) continue;
        if (bytes >= reader.bytes_max) {
          out.at_end = false;
          break;
        }
        const auto& record = held->emplace_back(stored.record);
        out.records.push_back({at.partition, stored.offset, record.timestamp_ms, record.key, record.value, {}});
        for (const auto& [name, value] : record.headers) out.records.back().headers.emplace_back(name, value);
        bytes += record.value.value_or("").size() + 100;
        at.next = stored.offset + std::int64_t{1};
        moved = true;
      }
      at.epoch = Epoch{1};
      if (moved) out.positions.push_back(at);
    }
    out.bytes = held;
    return out;
  }

  const Uuid id_;
  platform::Random& random_;
  const std::int64_t first_offset_;
  std::map<std::string, Topic> topics_;
  std::map<std::string, SourceState> sources_;
  std::vector<std::weak_ptr<ReaderState>> readers_;
  Lost lost_ = Lost::nothing;
  bool refuses_ = false;
  Code why_ = Code::unavailable;
  std::optional<Code> refuses_topics_;
  std::size_t publishes_ = 0, record_bytes_max_ = 8 << 20;
  std::unique_ptr<platform::Executor> executor_;
};

}  // namespace leat::service
