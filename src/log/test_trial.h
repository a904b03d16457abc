// log/test_trial.h — for tests: random work on one log, the end of the process or of the power at any point of it, and
// an oracle that forgets nothing.
#pragma once

#include "log/test_mortal.h"
#include "log/test_oracle.h"

namespace leat::log {

enum class End { power, process };

struct Terms {
  TestFaults faults;
  std::uint64_t journal_bytes = 0;  // 0: by chance
  std::size_t partitions = 4;       // at most
};

// One machine with one log, worked on and crashed again and again.
class Trial {
 public:
  explicit Trial(std::uint64_t seed, Terms terms = {}) : world_(seed), files_(world_), terms_(terms) {
    options_.faults = terms.faults;
    options_.journal_bytes = terms.journal_bytes ? terms.journal_bytes : 16384 << world_.choose(4);
    options_.direct_bytes = 700;
    options_.group_bytes_max = 4000;
    options_.pending_bytes_max = 30000;
    (void)world_.files().make_directory("/d");
    (void)world_.files().sync_directory("/");
  }

  // Works until `operations` changing calls have been made and the end comes. Whether the log could be opened.
  bool live(std::uint64_t operations, int steps, End end) {
    switch (end) {
      case End::power:
        world_.files().crash_after(operations);
        break;
      case End::process:
        files_.die_after(operations);
        break;
    }
    const bool opened = open();
    if (opened) work(steps);
    world_.files().set_capacity(0);
    if (opened && alive() && world_.choose(3) == 0) (void)log_->close();
    log_.reset();
    files_.live_again();
    if (end == End::power || files_.folder_failed()) lose_power();
    return opened;
  }
  // Opens and looks at everything; then the power goes.
  void settle() {
    files_.fail_next_sync(false);
    if (!open()) return;
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
    const auto outside = world_.platform();
    const platform::Platform mortal{files_, outside.clock, outside.random, outside.executors};
    (void)files_.sync_failed();
    auto opened = Log::open(mortal, "/d", options_);
    if (!opened) {
      if (alive() && !files_.sync_failed()) oracle_.report("cannot be opened: {}", opened.error().what);
      return false;
    }
    log_ = *std::move(opened);
    oracle_.opened(*log_);
    return true;
  }

  bool alive() const { return !world_.files().crashed() && !files_.dead(); }

  void look() {
    if (alive()) oracle_.look(*log_, created_);
  }

  void work(int steps) {
    look();
    for (int i = 0; i < steps && alive() && !broken(); ++i) {
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
        case 6:
          remove();
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
    files_.fail_next_sync();
  }

  void create() {
    const PartitionId id = partition(static_cast<int>(created_.size()));
    if (created_.size() >= terms_.partitions) return;
    const auto made = log_->create(id, {.segment_bytes = 300 + world_.choose(4000)});
    // Without an answer it may be there all the same.
    if (made || (alive() && made.error().code == Code::conflict)) created_.push_back(id);
  }

  void remove() {
    const auto id = existing();
    if (!id || world_.choose(3) != 0) return;
    oracle_.removing(*id);
    if (log_->remove(*id)) oracle_.removed(*id);
  }

  // One of those that were made and, as far as is known, not removed.
  std::optional<PartitionId> existing() {
    std::vector<PartitionId> all;
    std::ranges::copy_if(created_, std::back_inserter(all), [&](PartitionId id) { return !oracle_.gone(id); });
    if (all.empty()) return std::nullopt;
    return all[world_.choose(all.size())];
  }

  void append() {
    if (!existing()) return;
    const std::uint64_t number = ++appends_;
    std::vector<Part> parts;
    std::vector<std::vector<std::string>> written;
    std::map<PartitionId, std::set<std::string>> asked;
    for (std::uint64_t count = 1 + world_.choose(3); count > 0; --count) {
      const PartitionId id = *existing();
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
    const auto chosen = existing();
    if (!chosen) return;
    const PartitionId id = *chosen;
    const std::int64_t start = oracle_.start(id), end = oracle_.end(id);
    if (end <= start) return;
    const std::int64_t to = start + 1 + static_cast<std::int64_t>(world_.choose(end - start));
    oracle_.starting_at(id, to);
    if (log_->delete_before(id, Offset{to})) oracle_.started_at(id, to);
  }

  // Keeps about every third record, each in a batch of its own.
  void compact() {
    const auto chosen = existing();
    if (!chosen) return;
    const PartitionId id = *chosen;
    const std::int64_t start = oracle_.start(id), end = oracle_.end(id);
    if (end <= start) return;
    const auto slice = log_->read(id, Offset{start + static_cast<std::int64_t>(world_.choose(end - start))}, 1);
    if (!slice || slice->next.value > end) return;  // what is visible and not answered yet is nobody's to replace
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

  mutable platform::SimWorld world_;
  MortalFiles files_;
  const Terms terms_;
  Options options_;
  Oracle oracle_;
  std::unique_ptr<Log> log_;
  std::vector<PartitionId> created_;
  std::uint64_t appends_ = 0;
};

}  // namespace leat::log
