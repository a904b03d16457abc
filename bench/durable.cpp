// bench/durable.cpp — durable-one, -many and -fanout: records through the bus seam, acknowledged after their flush.
//   --producers=64     named sources, each with one record in flight; one thread takes all acknowledgements and sends
//   on
//   --bytes=1024 --seconds=1
//   --partitions=4     that a producer goes through in steps of all producers, so that together they reach each
// Prints one line of JSON.
#include <condition_variable>
#include <mutex>
#include <numeric>

#include "bench/local_bus.h"

namespace {

using namespace leat;

// Acknowledged producers, handed from the bus to the thread that sends on.
class Acknowledged {
 public:
  void put(std::size_t producer) {
    const std::scoped_lock lock(mutex_);
    producers_.push_back(producer);
    if (producers_.size() == 1) changed_.notify_one();
  }

  std::vector<std::size_t> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !producers_.empty(); });
    return std::exchange(producers_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> producers_;
};

class Producers {
 public:
  Producers(bench::LocalBus& bus, bus::Topic topic, std::size_t count, std::size_t sources, std::size_t bytes)
      : topic_(std::move(topic)), value_(bytes, 'x'), begun_(count), next_(count) {
    std::iota(next_.begin(), next_.end(), 0U);
    for (std::size_t i = 0; i < sources; ++i) sources_.push_back({bus.source("source-" + std::to_string(i)), 0});
    for (std::size_t i = 0; i < count; ++i) send(i);
  }

  void run_until(std::int64_t end, bench::Outcome& outcome) {
    for (auto now = bench::now_ns(); now < end;) {
      const auto acknowledged = acknowledged_.take();
      now = bench::now_ns();
      for (const auto i : acknowledged) {
        outcome.latencies.add(now - begun_[i]);
        outcome.operations += 1;
        send(i);
      }
    }
  }

  // Waits for what is still in flight.
  void finish() {
    for (std::size_t open = begun_.size(); open > 0;) open -= acknowledged_.take().size();
  }

 private:
  struct Source {
    std::unique_ptr<bus::Source> bus;
    std::uint64_t number;
  };

  void send(std::size_t i) {
    auto& source = sources_[i % sources_.size()];
    begun_[i] = bench::now_ns();
    const auto partition =
        std::exchange(next_[i], next_[i] + next_.size()) % static_cast<std::size_t>(topic_.config.partitions);
    std::vector<bus::Publication> one(1);
    one[0] = {.number = ++source.number,
              .topic = topic_.id,
              .partition = PartitionIndex{static_cast<std::int32_t>(partition)},
              .record = {.timestamp_ms = 1, .key = "key", .value = value_, .headers = {}}};
    source.bus->publish(std::move(one), [this, i](Result<std::vector<bus::Position>> where) {
      bench::value_of(std::move(where));
      acknowledged_.put(i);
    });
  }

  bus::Topic topic_;
  std::string value_;
  Acknowledged acknowledged_;
  std::vector<std::int64_t> begun_;  // of what each producer has in flight
  std::vector<std::size_t> next_;    // the partition of its next record, not yet reduced to those that exist
  std::vector<Source> sources_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto folder = bench::option(argc, argv, "dir", ".") + "/durable";
  bench::LocalBus bus(folder);
  auto topic = bus.topic("records", static_cast<int>(bench::number(argc, argv, "partitions", 4)));

  const auto count = static_cast<std::size_t>(bench::number(argc, argv, "producers", 64));
  Producers producers(bus, std::move(topic), count,
                      static_cast<std::size_t>(bench::number(argc, argv, "sources", static_cast<double>(count))),
                      static_cast<std::size_t>(bench::number(argc, argv, "bytes", 1024)));
  bench::Outcome warm_up, outcome;
  producers.run_until(bench::now_ns() + 300'000'000, warm_up);
  const auto begun = bench::now_ns();
  const auto cpu = bench::cpu_seconds();
  const auto before = bus.log->stats();
  producers.run_until(begun + static_cast<std::int64_t>(bench::number(argc, argv, "seconds", 1) * 1e9), outcome);
  outcome.seconds = static_cast<double>(bench::now_ns() - begun) * 1e-9;
  outcome.cpu_seconds = bench::cpu_seconds() - cpu;
  const auto records = outcome.operations, seconds = outcome.seconds;
  const auto after = bus.log->stats();
  const auto flushes = static_cast<double>(after.flushes - before.flushes);
  const auto flush_seconds = static_cast<double>(after.flush_nanoseconds - before.flush_nanoseconds) * 1e-9;
  bench::print(std::move(outcome), {{"records_per_flush", records / flushes},
                                    {"flush_us", flush_seconds / flushes * 1e6},
                                    {"flushing", flush_seconds / seconds}});
  producers.finish();
}
