// bus/embedded_bench_test.h — embedded buses to be tested: in a simulated world, and on real files and threads.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "broker/broker.h"
#include "bus/contract_bench.h"
#include "bus/embedded.h"
#include "log/log.h"
#include "platform/platform.h"
#include "platform/sim.h"

namespace leat::bus::contract {

// Log, broker and bus of one life, ended in the right order.
struct Life {
  std::unique_ptr<log::Log> log;
  std::unique_ptr<broker::Broker> broker;
  std::unique_ptr<Bus> bus;

  static Result<Life> begin(platform::Platform platform, const std::string& directory, broker::Options options = {},
                            log::Options log_options = {}, EmbeddedOptions bus_options = {}) {
    Life life;
    LEAT_CHECK(platform.files.make_directory(directory));
    // A power cut may take the folder itself otherwise.
    LEAT_CHECK(platform.files.sync_directory(directory.substr(0, std::max<std::size_t>(directory.rfind('/'), 1))));
    LEAT_TRY(life.log, log::Log::open(platform, directory, log_options));
    LEAT_TRY(life.broker, broker::Broker::open(platform, *life.log, options));
    life.bus = make_embedded(*life.broker, platform, bus_options);
    return life;
  }
  void end() {
    bus.reset();
    broker.reset();
    if (log) {
      EXPECT_TRUE(log->close());
    }
    log.reset();
  }
};

class EmbeddedBench : public Bench {
 public:
  Bus& bus() override { return *life_.bus; }
  void forget(TopicId topic, PartitionIndex index, Offset offset) override {
    EXPECT_TRUE(life_.log->delete_before({topic, index}, offset));
  }
  void reopen() override {
    life_.end();
    begin();
  }

 protected:
  EmbeddedBench(platform::Platform platform, std::string directory)
      : platform_(platform), directory_(std::move(directory)) {}
  void begin() {
    auto life = Life::begin(platform_, directory_);
    ASSERT_TRUE(life) << life.error().what;
    life_ = *std::move(life);
  }

  const platform::Platform platform_;
  const std::string directory_;
  Life life_;
};

class SimulatedBench final : public EmbeddedBench {
 public:
  explicit SimulatedBench(std::unique_ptr<platform::SimWorld> world)
      : EmbeddedBench(world->platform(), "/data"), world_(std::move(world)) {
    begin();
  }
  ~SimulatedBench() override { life_.end(); }
  bool until(const std::function<bool()>& ready) override { return world_->run_until(ready); }
  void settle() override { world_->run(); }

 private:
  std::unique_ptr<platform::SimWorld> world_;
};

class ThreadedBench final : public EmbeddedBench {
 public:
  ThreadedBench()
      : EmbeddedBench(platform::real(),
                      fmt::format("{}leat-bus-{:x}", testing::TempDir(), platform::real().random.next())) {
    begin();
  }
  ~ThreadedBench() override {
    life_.end();
    EXPECT_TRUE(platform::remove_tree(platform_.files, directory_));
  }
  bool until(const std::function<bool()>& ready) override { return wait_until(ready); }
};

}  // namespace leat::bus::contract
