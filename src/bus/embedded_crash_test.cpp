// Power cuts under a publishing system: everything up to last_published() is on the bus exactly once, nothing above it,
// each partition in order; topics and ids that were told stay; through crashes of compaction, creation and recovery
// too.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bus/embedded_bench_test.h"
#include "platform/sim.h"

namespace leat::bus::contract {
namespace {

constexpr std::int32_t partitions = 3;
// Everything small, so that rolling, compaction and a full journal happen all the time.
constexpr broker::Options broker_options{.compact_bytes = 1500};
constexpr log::Options log_options{.journal_bytes = 64 << 10, .direct_bytes = 6000, .group_bytes_max = 16 << 10};

PartitionIndex partition_for(std::uint64_t number) { return {static_cast<std::int32_t>(number * 7 / 3 % partitions)}; }

// What the outside world remembers of a source.
struct Told {
  std::uint64_t acknowledged = 0;  // the highest number answered with success
  std::uint64_t submitted = 0;     // the highest number ever handed over
};

class System {
 public:
  explicit System(std::uint64_t seed) : world_(seed) {}
  ~System() { life_ = {}; }

  platform::SimWorld& world() { return world_; }
  std::uint64_t compactions() const { return compactions_; }
  int crashes() const { return crashes_; }

  // One life that ends with a power cut or, now and then, in order.
  void live() {
    const bool in_order = world_.choose(5) == 0;
    if (!in_order) world_.files().crash_after(world_.choose(300));
    if (begin()) work();
    if (life_.broker) compactions_ += life_.broker->compactions();
    if (in_order && problem_.empty()) return life_.end();
    life_.bus.reset();
    life_.broker.reset();
    life_.log.reset();
    if (world_.files().crashed()) ++crashes_;
    if (!world_.files().crashed()) world_.files().crash();
    world_.restart();
  }

  // Nothing, or what is wrong with what is on the bus at the end.
  std::string verdict() {
    if (!problem_.empty()) return problem_;
    if (!begin()) return problem_.empty() ? "a life without a crash does not begin" : problem_;
    for (const auto& [name, told] : told_) check_source(name);
    life_.end();
    return problem_;
  }

 private:
  template <class T>
  using Box = std::shared_ptr<std::optional<Result<T>>>;
  template <class T>
  static Box<T> box() {
    return std::make_shared<std::optional<Result<T>>>();
  }
  template <class T>
  static Done<Result<T>> into(const Box<T>& box) {
    return [box](Result<T> result) { box->emplace(std::move(result)); };
  }

  // An error is fine once the power is gone; before, it is a problem.
  template <class T>
  T* wait(const Box<T>& box, const char* what) {
    world_.run_until([&] { return box->has_value(); });
    if (box->has_value() && **box) return &***box;
    if (!world_.files().crashed()) wrong(fmt::format("{}: {}", what, *box ? (*box)->error().what : "never answered"));
    return nullptr;
  }
  void wrong(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }

  bool begin() {
    auto life = Life::begin(world_.platform(), "/data", broker_options, log_options);
    if (!life) {
      if (!world_.files().crashed()) wrong("opening: " + life.error().what);
      return false;
    }
    life_ = *std::move(life);
    if (!topics_.empty() && life_.bus->id() != bus_id_) wrong("the bus has another id");
    bus_id_ = life_.bus->id();
    return ensure_topics();
  }

  bool ensure_topics() {
    for (const char* name : {"orders", "stock"}) {
      const auto made = box<Topic>();
      // How it is kept changes from life to life, so that changes are interrupted too.
      life_.bus->ensure_topic(name, {.partitions = partitions, .segment_bytes = (64 + 8 * world_.choose(3)) << 10},
                              into(made));
      const Topic* topic = wait(made, "making a topic");
      if (!topic) return false;
      const auto [known, fresh] = topics_.emplace(name, *topic);
      if (!fresh && known->second.id != topic->id) wrong("a topic has another id");
    }
    return true;
  }

  void work() {
    for (std::uint64_t round = 0; round < 1 + world_.choose(4); ++round) {
      for (const char* name : {"orders", "stock"}) {
        if (!publish_some(name)) return;
      }
    }
  }

  // Opens the source, goes on where it was, pipelines some publishes, and leaves some of them without looking.
  bool publish_some(const std::string& name) {
    const auto opened = box<std::unique_ptr<Source>>();
    life_.bus->open_source(name, into(opened));
    auto* const source = wait(opened, "opening a source");
    if (!source) return false;
    Told& told = told_[name];
    const std::uint64_t last = (*source)->last_published();
    if (last < told.acknowledged || last > told.submitted)
      wrong(
          fmt::format("{}: last is {}, acknowledged {}, submitted {}", name, last, told.acknowledged, told.submitted));
    std::vector<Box<std::vector<Position>>> answers;
    std::uint64_t number = last;
    for (std::uint64_t calls = world_.choose(20); calls > 0; --calls) {
      std::vector<Publication> publications;
      for (std::uint64_t count = 1 + world_.choose(4); count > 0; --count)
        publications.push_back(event(name, ++number));
      told.submitted = std::max(told.submitted, number);
      answers.push_back(box<std::vector<Position>>());
      (*source)->publish(std::move(publications), [answer = answers.back(), &told, number](auto result) {
        if (result) told.acknowledged = std::max(told.acknowledged, number);
        answer->emplace(std::move(result));
      });
    }
    if (world_.choose(3) == 0 || answers.empty()) return problem_.empty();
    return wait(answers[world_.choose(answers.size())], "publishing") != nullptr && problem_.empty();
  }

  Publication event(const std::string& name, std::uint64_t number) {
    std::string value = std::to_string(number);
    const std::size_t size = world_.choose(30) == 0 ? 7000 : world_.choose(200);
    return {number, topics_.at(name).id, partition_for(number),
            Record{.timestamp_ms = 1, .key = value, .value = value + ' ' + std::string(size, '.'), .headers = {}}};
  }

  void check_source(const std::string& name) {
    const auto opened = box<std::unique_ptr<Source>>();
    life_.bus->open_source(name, into(opened));
    auto* const source = wait(opened, "opening a source at the end");
    if (!source) return;
    const std::uint64_t last = (*source)->last_published();
    if (last < told_[name].acknowledged)
      wrong(fmt::format("{}: last is {}, acknowledged {}", name, last, told_[name].acknowledged));
    std::map<PartitionIndex, std::uint64_t> before;
    std::uint64_t count = 0;
    for (const auto& [partition, number] : read_all(topics_.at(name))) {
      ++count;
      if (number > last) wrong(fmt::format("{}: {} is on the bus, last is {}", name, number, last));
      if (partition != partition_for(number)) wrong(fmt::format("{}: {} is in another partition", name, number));
      // Ascending and distinct, so a right count below leaves no room for a gap.
      if (number <= std::exchange(before[partition], number))
        wrong(fmt::format("{}: {} twice or out of order", name, number));
    }
    if (count != last) wrong(fmt::format("{}: {} records for {} numbers", name, count, last));
  }

  std::vector<std::pair<PartitionIndex, std::uint64_t>> read_all(const Topic& topic) {
    std::vector<Position> from;
    for (std::int32_t i = 0; i < partitions; ++i) from.push_back({bus_id_, topic.id, {i}, Epoch{-1}, start_of_log});
    std::vector<std::pair<PartitionIndex, std::uint64_t>> out;
    auto reader = life_.bus->open_reader(topic.id, from);
    if (!reader) return wrong(reader.error().what), out;
    for (bool more = true; more;) {
      const auto delivered = box<Delivery>();
      (*reader)->next(1 << 16, into(delivered));
      const Delivery* delivery = wait(delivered, "reading");
      if (!delivery) return out;
      for (const Delivered& record : delivery->records)
        out.emplace_back(record.partition, std::stoull(std::string(*record.key)));
      more = !delivery->at_end;
    }
    return out;
  }

  platform::SimWorld world_;
  Life life_;
  Uuid bus_id_;
  std::map<std::string, Topic> topics_;
  std::map<std::string, Told> told_;
  std::string problem_;
  std::uint64_t compactions_ = 0;
  int crashes_ = 0;
};

struct Tally {
  int crashes = 0;
  std::uint64_t compactions = 0;
};

std::string run(std::uint64_t seed, Tally& tally, bool ignore_syncs = false) {
  System system(seed);
  system.world().files().ignore_syncs(ignore_syncs);
  for (std::uint64_t lives = 3 + seed % 8; lives > 0; --lives) system.live();
  std::string verdict = system.verdict();
  tally.crashes += system.crashes();
  tally.compactions += system.compactions();
  return verdict;
}

TEST(EmbeddedBusCrashes, KeepEverythingUpToTheLastNumberExactlyOnce) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) ASSERT_EQ(run(seed, tally), "") << "seed " << seed;
  EXPECT_GT(tally.crashes, 1000);
  EXPECT_GT(tally.compactions, 100u);
}

// The test of the test: on a disk that only pretends to sync it must find something.
TEST(EmbeddedBusCrashes, AreFoundOutWhenTheDiskLies) {
  Tally tally;
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) found += !run(seed, tally, true).empty();
  EXPECT_GT(found, 10);
}

}  // namespace
}  // namespace leat::bus::contract
