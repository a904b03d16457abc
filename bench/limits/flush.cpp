// bench/limits/flush.cpp — the limit of a durable append: write and fdatasync on a pre-written, recycled file.
//
//   --bytes=1024     in each flush
//   --handover=1     a producer thread hands each append to the flushing thread and waits for it to hand back
//   --growing=1      a plain growing file instead
// Prints one line of JSON.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "bench/measure.h"

namespace {

constexpr std::uint64_t file_bytes = 64 << 20;

class FlushedFile {
 public:
  FlushedFile(const std::string& path, std::size_t bytes, bool growing)
      : file_(bench::open_prewritten(path, growing ? 0 : file_bytes)), growing_(growing), block_(bytes, 'x') {
    ::unlink(path.c_str());
  }
  ~FlushedFile() { ::close(file_); }

  void append() {
    if (!growing_ && at_ + block_.size() > file_bytes) at_ = 0;
    bench::write_all(file_, block_, at_);
    at_ += block_.size();
    bench::must(::fdatasync(file_) == 0, "fdatasync");
  }

 private:
  int file_;
  bool growing_;
  std::string block_;
  std::uint64_t at_ = 0;
};

// One slot between two threads: put() here, take() there.
class Slot {
 public:
  void put() {
    {
      const std::scoped_lock lock(mutex_);
      full_ = true;
    }
    changed_.notify_one();
  }
  void take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return full_; });
    full_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool full_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const auto bytes = static_cast<std::size_t>(bench::number(argc, argv, "bytes", 1024));
  const auto seconds = bench::number(argc, argv, "seconds", 1);
  FlushedFile file(bench::option(argc, argv, "dir", ".") + "/limit.flush", bytes,
                   bench::number(argc, argv, "growing", 0) != 0);

  Slot asked, answered;
  std::function<void()> append = [&] { file.append(); };
  std::jthread flusher;
  if (bench::number(argc, argv, "handover", 0) != 0) {
    flusher = std::jthread([&](const std::stop_token& stop) {
      for (;;) {
        asked.take();
        if (stop.stop_requested()) return;
        file.append();
        answered.put();
      }
    });
    append = [&] { asked.put(), answered.take(); };
  }
  bench::print(bench::closed_loop(seconds, append), {{"bytes", static_cast<double>(bytes)}});
  flusher.request_stop();
  asked.put();
}
