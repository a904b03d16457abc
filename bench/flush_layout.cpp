// bench/flush_layout.cpp — the experiment behind docs/adr/0003-one-journal.md: what should an append flush?
//
// journal   the records of all partitions that wait go into one recycled, pre-written file with one fdatasync; segments
//           are written to the page cache, and flushed behind before their journal file is used again
// own       each partition's records go into its own file, flushed by a pool of threads; the file is pre-written and
//           recycled (the best case) or grows (the plain case)
//
// Closed loop: each producer has one record in flight, to a random partition. Rounds alternate between the layouts.
#include <array>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "bench/measure.h"

namespace {

using bench::must;

struct Load {
  int partitions, producers;
  std::size_t bytes;
  double seconds;
};

struct Request {
  int producer, partition;
  std::int64_t begun;
};

// The producers: takes acknowledgements, measures them, sends the next record at once.
class Producers {
 public:
  using Submit = std::function<void(std::vector<Request>)>;

  explicit Producers(Load load) : load_(load), random_(7) {}

  void start(Submit submit) {
    submit_ = std::move(submit);
    std::vector<Request> first;
    for (int i = 0; i < load_.producers; ++i) first.push_back(next(i));
    submit_(std::move(first));
  }

  void acknowledge(const std::vector<Request>& group) {
    const auto now = bench::now_ns();
    std::vector<Request> following;
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& request : group) {
        if (counting_) latencies_.add(now - request.begun);
        if (running_) following.push_back(next(request.producer));
      }
    }
    if (!following.empty()) submit_(std::move(following));
  }

  void set(bool running, bool counting) {
    const std::scoped_lock lock(mutex_);
    running_ = running;
    counting_ = counting;
  }

  bench::Samples& latencies() { return latencies_; }

 private:
  Request next(int producer) {
    return {producer, static_cast<int>(random_() % static_cast<unsigned>(load_.partitions)), bench::now_ns()};
  }

  Load load_;
  Submit submit_;
  std::mutex mutex_;
  std::minstd_rand random_;
  bool running_ = true, counting_ = false;
  bench::Samples latencies_;
};

class Layout {
 public:
  virtual ~Layout() = default;
  virtual void submit(std::vector<Request>) = 0;
};

std::string file_name(const std::string& folder, const char* kind, int i) {
  return folder + "/" + kind + std::to_string(i);
}

// One journal for all.
class Journal final : public Layout {
 public:
  Journal(const std::string& folder, Load load, std::uint64_t journal_bytes, Producers& producers)
      : producers_(producers), journal_bytes_(journal_bytes), record_(load.bytes, 'x'), ends_(load.partitions) {
    for (int i = 0; i < 2; ++i) files_[i] = bench::open_prewritten(file_name(folder, "journal", i), journal_bytes);
    for (int i = 0; i < load.partitions; ++i)
      segments_.push_back(bench::open_prewritten(file_name(folder, "segment", i), 0));
    flusher_ = std::jthread([this] { flush_groups(); });
    behind_ = std::jthread([this] { flush_behind(); });
  }

  ~Journal() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    flusher_.join();
    behind_.join();
    for (const int file : segments_) ::close(file);
    for (const int file : files_) ::close(file);
  }

  void submit(std::vector<Request> requests) override {
    {
      const std::scoped_lock lock(mutex_);
      waiting_.insert(waiting_.end(), requests.begin(), requests.end());
    }
    changed_.notify_all();
  }

 private:
  void flush_groups() {
    for (;;) {
      std::vector<Request> group;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
        group.swap(waiting_);
      }
      make_durable(group.size());
      write_segments(group);
      producers_.acknowledge(group);
    }
  }

  // One write for each partition of the group, into the page cache.
  void write_segments(const std::vector<Request>& group) {
    std::map<int, std::size_t> counts;
    for (const auto& request : group) ++counts[request.partition];
    for (const auto& [partition, count] : counts) {
      auto& end = ends_[partition];
      const auto size = count * record_.size();
      if (end % step_bytes + size > step_bytes || end == 0) reserve(segments_[partition], end + size);
      bench::write_all(segments_[partition], std::string_view(group_).substr(0, size), end);
      end += size;
      dirty_.insert(partition);
    }
  }

  static void reserve(int file, std::uint64_t up_to) {
    must(::fallocate(file, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>((up_to / step_bytes + 1) * step_bytes)) == 0,
         "fallocate");
  }

  void make_durable(std::size_t records) {
    group_.clear();
    for (std::size_t i = 0; i < records; ++i) group_ += record_;
    if (position_ + group_.size() > journal_bytes_) change_journal();
    bench::write_all(files_[current_], group_, position_);
    position_ += group_.size();
    must(::fdatasync(files_[current_]) == 0, "fdatasync");
  }

  // The other file may be used once the segments it covers are durable.
  void change_journal() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return behind_work_.empty(); });
    behind_work_.swap(dirty_);
    current_ = 1 - current_;
    position_ = 0;
    changed_.notify_all();
  }

  void flush_behind() {
    for (;;) {
      std::set<int> work;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || !behind_work_.empty(); });
        if (stopping_) return;
        work = behind_work_;
      }
      for (const int partition : work)  // starts all of it, so that the flushes below find most of it done
        ::sync_file_range(segments_[partition], 0, 0, SYNC_FILE_RANGE_WRITE);
      for (const int partition : work) must(::fdatasync(segments_[partition]) == 0, "fdatasync");
      {
        const std::scoped_lock lock(mutex_);
        behind_work_.clear();
      }
      changed_.notify_all();
    }
  }

  static constexpr std::uint64_t step_bytes = 4 << 20;

  Producers& producers_;
  std::uint64_t journal_bytes_, position_ = 0;
  std::string record_, group_;
  std::array<int, 2> files_{};
  int current_ = 0;
  std::vector<int> segments_;
  std::vector<std::uint64_t> ends_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> waiting_;
  std::set<int> dirty_, behind_work_;
  bool stopping_ = false;
  std::jthread flusher_, behind_;
};

// Each partition flushes its own file; what waits for one partition shares a flush.
class Own final : public Layout {
 public:
  Own(const std::string& folder, Load load, int threads, bool prewritten, Producers& producers)
      : producers_(producers),
        prewritten_(prewritten),
        file_bytes_(std::max<std::uint64_t>(1 << 20, load.bytes * static_cast<std::size_t>(load.producers))),
        record_(load.bytes, 'x'),
        partitions_(load.partitions) {
    for (int i = 0; i < load.partitions; ++i)
      partitions_[i].file = bench::open_prewritten(file_name(folder, "own", i), prewritten ? file_bytes_ : 0);
    for (int i = 0; i < threads; ++i) pool_.emplace_back([this] { work(); });
  }

  ~Own() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    pool_.clear();
    for (const auto& partition : partitions_) ::close(partition.file);
  }

  void submit(std::vector<Request> requests) override {
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& request : requests) {
        auto& partition = partitions_[request.partition];
        partition.waiting.push_back(request);
        if (!partition.busy && partition.waiting.size() == 1) ready_.push_back(request.partition);
      }
    }
    requests.size() == 1 ? changed_.notify_one() : changed_.notify_all();
  }

 private:
  struct Partition {
    int file = -1;
    std::uint64_t end = 0;
    std::vector<Request> waiting;
    bool busy = false;
  };

  void work() {
    std::string group_bytes;
    for (;;) {
      std::vector<Request> group;
      Partition* partition = nullptr;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || !ready_.empty(); });
        if (stopping_) return;
        partition = &partitions_[ready_.front()];
        ready_.pop_front();
        partition->busy = true;
        group.swap(partition->waiting);
      }
      group_bytes.clear();
      for (std::size_t i = 0; i < group.size(); ++i) group_bytes += record_;
      if (prewritten_ && partition->end + group_bytes.size() > file_bytes_) partition->end = 0;
      bench::write_all(partition->file, group_bytes, partition->end);
      partition->end += group_bytes.size();
      must(::fdatasync(partition->file) == 0, "fdatasync");
      release(*partition);
      producers_.acknowledge(group);
    }
  }

  void release(Partition& partition) {
    const std::scoped_lock lock(mutex_);
    partition.busy = false;
    if (partition.waiting.empty()) return;
    ready_.push_back(static_cast<int>(&partition - partitions_.data()));
    changed_.notify_one();
  }

  Producers& producers_;
  bool prewritten_;
  std::uint64_t file_bytes_;
  std::string record_;
  std::vector<Partition> partitions_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<int> ready_;
  bool stopping_ = false;
  std::vector<std::jthread> pool_;
};

struct Outcome {
  double acks_per_second, p50_us, p99_us, cpu_us, disk_per_byte;
};

template <class Make>
Outcome run(const std::string& folder, Load load, Make make) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  Producers producers(load);
  Outcome outcome{};
  {
    const std::unique_ptr<Layout> layout = make(producers);
    producers.start([&](std::vector<Request> requests) { layout->submit(std::move(requests)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const auto begun = bench::now_ns();
    const auto cpu = bench::cpu_seconds();
    const auto disk = bench::disk_bytes_written(folder);
    producers.set(true, true);
    std::this_thread::sleep_for(std::chrono::duration<double>(load.seconds));
    producers.set(false, false);
    const auto seconds = static_cast<double>(bench::now_ns() - begun) * 1e-9;
    const auto count = static_cast<double>(producers.latencies().count());
    outcome = {
        count / seconds, producers.latencies().percentile(.5), producers.latencies().percentile(.99),
        (bench::cpu_seconds() - cpu) / count * 1e6,
        static_cast<double>(bench::disk_bytes_written(folder) - disk) / (count * static_cast<double>(load.bytes))};
  }
  std::filesystem::remove_all(folder);
  return outcome;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const auto folder = bench::option(argc, argv, "dir", "bench-data") + "/flush_layout";
  const auto rounds = static_cast<int>(bench::number(argc, argv, "rounds", 3));
  Load load{.partitions = 1,
            .producers = static_cast<int>(bench::number(argc, argv, "producers", 64)),
            .bytes = static_cast<std::size_t>(bench::number(argc, argv, "bytes", 1024)),
            .seconds = bench::number(argc, argv, "seconds", 1)};
  const auto least = static_cast<int>(bench::number(argc, argv, "partitions-from", 1));
  const auto most = static_cast<int>(bench::number(argc, argv, "partitions", 1000));
  const auto journal_bytes = static_cast<std::uint64_t>(bench::number(argc, argv, "journal-mb", 32)) << 20;

  std::printf("%d producers, %zu bytes, journal files of %llu MiB, %d rounds\n\n", load.producers, load.bytes,
              static_cast<unsigned long long>(journal_bytes >> 20), rounds);
  std::printf(
      "| partitions | layout | acks/s | min..max | p50 us | p99 us | CPU us/ack | disk bytes/byte | journal is "
      "|\n|---|---|---|---|---|---|---|---|---|\n");
  for (load.partitions = least; load.partitions <= most; load.partitions *= load.partitions == 1 ? 100 : 10) {
    struct Variant {
      std::string name;
      int threads;
      bool prewritten;
    };
    const std::vector<Variant> variants{{"journal", 0, false},
                                        {"own pre-written, 1 thread", 1, true},
                                        {"own pre-written, 4 threads", 4, true},
                                        {"own pre-written, 16 threads", 16, true},
                                        {"own growing, 16 threads", 16, false}};
    std::vector<std::vector<Outcome>> outcomes(variants.size());
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < variants.size(); ++i) {
        const auto& variant = variants[i];
        outcomes[i].push_back(run(folder, load, [&](Producers& producers) -> std::unique_ptr<Layout> {
          if (variant.threads == 0) return std::make_unique<Journal>(folder, load, journal_bytes, producers);
          return std::make_unique<Own>(folder, load, variant.threads, variant.prewritten, producers);
        }));
      }
    }
    for (std::size_t i = 0; i < variants.size(); ++i) {
      const auto of = [&](auto field) {
        std::vector<double> values;
        for (const auto& outcome : outcomes[i]) values.push_back(outcome.*field);
        return values;
      };
      std::vector<double> ratios;
      for (int round = 0; round < rounds; ++round)
        ratios.push_back(outcomes[0][round].acks_per_second / outcomes[i][round].acks_per_second);
      const auto rates = of(&Outcome::acks_per_second);
      std::printf("| %d | %s | %.0f | %.0f..%.0f | %.0f | %.0f | %.1f | %.1f | %.2fx |\n", load.partitions,
                  variants[i].name.c_str(), median(rates), *std::ranges::min_element(rates),
                  *std::ranges::max_element(rates), median(of(&Outcome::p50_us)), median(of(&Outcome::p99_us)),
                  median(of(&Outcome::cpu_us)), median(of(&Outcome::disk_per_byte)), median(ratios));
      std::fflush(stdout);
    }
  }
}
