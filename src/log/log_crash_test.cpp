// Random work, power cuts at every point of it and of what follows, and an oracle that forgets nothing.
#include <fmt/format.h>

#include "log/log.h"
#include "log/test_oracle.h"

namespace leat::log {
namespace {

// One machine with one log, worked on and crashed again and again.
class Trial {
 public:
  Trial(std::uint64_t seed, TestFaults faults) : world_(seed) {
    options_.faults = faults;
    options_.journal_bytes = 16384 << world_.choose(4);
    options_.direct_bytes = 700;
    options_.group_bytes_max = 4000;
    options_.pending_bytes_max = 30000;
    (void)world_.files().make_directory("/d");
    (void)world_.files().sync_directory("/");
  }

  // Works until `operations` changing calls have been made, then loses power. Whether the log could be opened.
  bool live(std::uint64_t operations, int steps) {
    world_.files().crash_after(operations);
    const bool opened = open();
    if (opened) work(steps);
    world_.files().set_capacity(0);
    if (opened && !world_.files().crashed() && world_.choose(3) == 0) (void)log_->close();
    log_.reset();
    // Otherwise only the process has died.
    if (world_.files().crashed() || world_.choose(3) != 0) lose_power();
    return opened;
  }
  // Opens without a crash and looks at everything.
  void settle() {
    world_.files().crash_after(1'000'000'000);
    if (!open()) return oracle_.report("cannot be opened: {}", open_error_);
    look();
    log_.reset();
    lose_power();
  }

  const std::optional<std::string>& broken() const { return oracle_.broken(); }
  std::uint64_t choose(std::uint64_t below) { return world_.choose(below); }
  std::uint64_t operations() { return world_.files().operations(); }

 private:
  void lose_power() {
    world_.files().crash();
    world_.restart();
  }

  bool open() {
    auto opened = Log::open(world_.platform(), "/d", options_);
    // A sync that was told to fail and found none to fail until now.
    if (!opened && opened.error().code == Code::io && std::exchange(sync_fails_, false)) {
      opened = Log::open(world_.platform(), "/d", options_);
    }
    if (!opened) {
      open_error_ = opened.error().what;
      if (!world_.files().crashed()) oracle_.report("cannot be opened: {}", open_error_);
      return false;
    }
    log_ = *std::move(opened);
    return true;
  }

  void look() {
    if (!world_.files().crashed()) oracle_.look(*log_, created_);
  }

  void work(int steps) {
    look();
    for (int i = 0; i < steps && !world_.files().crashed() && !broken(); ++i) {
      switch (world_.choose(14)) {
        case 4:
          break_disk();
          break;
        case 5:
          world_.files().set_capacity(world_.choose(2));
          break;  // full, or not any more
        case 0:
          create();
          break;
        case 1:
          look();
          break;
        case 2:
          delete_some();
          break;
        case 3:
          compact();
          break;
        default:
          append();
          break;
      }
      if (world_.choose(3) != 0) world_.run(world_.choose(6));
    }
    if (world_.choose(2) == 0) world_.run();
  }

  void break_disk() {
    if (world_.choose(10) != 0) return;
    world_.files().fail_next_sync();
    sync_fails_ = true;
  }

  void create() {
    const PartitionId id = partition(static_cast<int>(created_.size()));
    if (created_.size() >= 4) return;
    const auto made = log_->create(id, {.segment_bytes = 300 + world_.choose(4000)});
    // Without an answer it may be there all the same.
    if (made || (!world_.files().crashed() && made.error().code == Code::conflict)) created_.push_back(id);
  }

  void append() {
    if (created_.empty()) return;
    const std::uint64_t number = ++appends_;
    std::vector<Part> parts;
    std::vector<std::vector<std::string>> written;
    std::map<PartitionId, std::set<std::string>> asked;
    for (std::uint64_t count = 1 + world_.choose(3); count > 0; --count) {
      const PartitionId id = created_[world_.choose(created_.size())];
      std::string batches;
      auto& values = written.emplace_back();
      for (std::uint64_t batch = 1 + world_.choose(2); batch > 0; --batch) {
        std::vector<std::string> some;
        for (std::uint64_t record = 1 + world_.choose(3); record > 0; --record) {
          const std::size_t padding = world_.choose(10) == 0 ? 1000 : world_.choose(100);
          some.push_back(
              fmt::format("{}.{}.{} {}", number, parts.size(), values.size() + some.size(), std::string(padding, 'v')));
        }
        batches += batch_of(some, static_cast<std::int64_t>(number));
        values.insert(values.end(), some.begin(), some.end());
      }
      asked[id].insert(values.begin(), values.end());
      parts.push_back({id, batches});
    }
    oracle_.asked(number, asked);
    std::vector<PartitionId> ids;
    for (const Part& part : parts) ids.push_back(part.partition);
    log_->append(std::move(parts), [this, number, ids, written](Result<std::vector<Appended>> answer) {
      if (!answer) {
        const Code code = answer.error().code;
        if (code == Code::no_space || code == Code::invalid || code == Code::not_found) oracle_.refused(number);
        return;
      }
      for (std::size_t i = 0; i < ids.size(); ++i) oracle_.acknowledged(ids[i], (*answer)[i].first, written[i]);
    });
  }

  void delete_some() {
    if (created_.empty()) return;
    const PartitionId id = created_[world_.choose(created_.size())];
    const std::int64_t start = oracle_.start(id), end = oracle_.end(id);
    if (end <= start) return;
    const std::int64_t to = start + 1 + static_cast<std::int64_t>(world_.choose(end - start));
    oracle_.starting_at(id, to);
    if (log_->delete_before(id, Offset{to})) oracle_.started_at(id, to);
  }

  // Keeps about every third record, each in a batch of its own.
  void compact() {
    if (created_.empty()) return;
    const PartitionId id = created_[world_.choose(created_.size())];
    const std::int64_t start = oracle_.start(id), end = oracle_.end(id);
    if (end <= start) return;
    const auto slice = log_->read(id, Offset{start + static_cast<std::int64_t>(world_.choose(end - start))}, 1);
    if (!slice) return;
    const Offset before = slice->next;
    std::string kept;
    Oracle::Values values;
    for (const auto& [offset, value] : oracle_.values(id)) {
      if (offset >= before.value || world_.choose(3) != 0) continue;
      std::string batch = batch_of({value});
      stamp(batch.data(), Offset{offset}, Epoch{0});
      kept += batch;
      values.emplace(offset, value);
    }
    oracle_.replacing(id, before.value, values);
    if (log_->replace_before(id, before, kept)) oracle_.replaced(id);
  }

  platform::SimWorld world_;
  Options options_;
  Oracle oracle_;
  std::unique_ptr<Log> log_;
  std::string open_error_;
  std::vector<PartitionId> created_;
  std::uint64_t appends_ = 0;
  bool sync_fails_ = false;
};

std::optional<std::string> broken_by_random_crashes(std::uint64_t seed, TestFaults faults) {
  Trial trial(seed, faults);
  for (int life = 0; life < 6 && !trial.broken(); ++life) {
    trial.live(1 + trial.choose(400), 60);
    // A power cut during recovery, and another one in the next.
    for (std::uint64_t again = trial.choose(3); again > 0; --again) trial.live(1 + trial.choose(30), 2);
    if (!trial.broken()) trial.settle();
  }
  return trial.broken();
}

TEST(LogCrash, KeepsItsPromisesOverRandomPowerCuts) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const auto broken = broken_by_random_crashes(seed, {});
    ASSERT_FALSE(broken) << "seed " << seed << ": " << *broken;
  }
}

TEST(LogCrash, KeepsItsPromisesWhereverThePowerGoes) {
  constexpr std::uint64_t seed = 5;
  Trial whole(seed, {});
  whole.live(1'000'000, 40);
  for (std::uint64_t operation = 1; operation <= whole.operations(); ++operation) {
    Trial trial(seed, {});
    trial.live(operation, 40);
    trial.live(1 + operation % 17, 0);
    trial.settle();
    ASSERT_FALSE(trial.broken()) << "operation " << operation << ": " << *trial.broken();
  }
}

// The tests of the tests: each planted fault must be seen.
TEST(LogCrash, FindsPlantedFaults) {
  struct Case {
    const char* name;
    TestFaults faults;
  };
  for (const auto& [name, faults] :
       {Case{"skip a flush", {.skip_flush = true}}, Case{"acknowledge early", {.acknowledge_early = true}},
        Case{"cut below the durable end", {.cut_below_durable_end = true}}}) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) found += broken_by_random_crashes(seed, faults).has_value();
    EXPECT_GE(found, 5) << name;
  }
}

}  // namespace
}  // namespace leat::log
