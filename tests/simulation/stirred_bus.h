// tests/simulation/stirred_bus.h — a bus made harder to live with: a reader gets the pieces of its partitions in an
// order that the seed picks.
#pragma once

#include <memory>
#include <string>

#include "bus/bus.h"
#include "platform/chance.h"

namespace leat::simulation {

// Between partitions a bus promises no order; the embedded one happens to take turns. Whoever depends on that is found
// here. Not safe from several threads: for the simulated world.
class StirredBus final : public bus::Bus {
 public:
  StirredBus(bus::Bus& inner, std::uint64_t seed) : inner_(inner), chance_(seed) {}

  const Uuid& id() const override { return inner_.id(); }
  std::size_t record_bytes_max() const override { return inner_.record_bytes_max(); }
  void ensure_topic(std::string name, bus::TopicConfig config, Done<Result<bus::Topic>> done) override {
    inner_.ensure_topic(std::move(name), config, std::move(done));
  }
  void topics(Done<Result<std::vector<bus::Topic>>> done) override { inner_.topics(std::move(done)); }
  void open_source(std::string name, Done<Result<std::unique_ptr<bus::Source>>> done) override {
    inner_.open_source(std::move(name), std::move(done));
  }
  Result<std::unique_ptr<bus::Reader>> open_reader(TopicId, std::vector<bus::Position> from) override;
  void ends(TopicId topic, Done<Result<std::vector<bus::Position>>> done) override {
    inner_.ends(topic, std::move(done));
  }
  void positions_at(TopicId topic, std::int64_t unix_ms, Done<Result<std::vector<bus::Position>>> done) override {
    inner_.positions_at(topic, unix_ms, std::move(done));
  }

 private:
  bus::Bus& inner_;
  platform::Chance chance_;
};

}  // namespace leat::simulation
