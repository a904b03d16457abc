// The log on real files and real threads, all of its calls at once.
#include <cstdlib>
#include <filesystem>
#include <semaphore>
#include <thread>

#include "log/log.h"
#include "log/test_world.h"
#include "platform/real.h"

namespace leat::log {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "leat-log-XXXXXX").string()) {
    LEAT_ASSERT(::mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr int writers = 4, appends_each = 150;
constexpr Options small{.journal_bytes = 128 << 10, .direct_bytes = 3000};

// Appends one after the other, waiting for each, to two partitions at a time.
void write(Log& log, int writer) {
  for (int i = 0; i < appends_each; ++i) {
    std::binary_semaphore answered{0};
    const std::string value = fmt::format("{}.{} {}", writer, i, std::string(i % 20 == 0 ? 4000 : 300, 'v'));
    log.append({{partition(0), batch_of({value})}, {partition(1), batch_of({value})}}, [&](auto answer) {
      EXPECT_TRUE(answer);
      answered.release();
    });
    answered.acquire();
  }
}

// Reads along to `end`, woken by the log; never sees a gap or a damaged batch.
void follow(Log& log, PartitionId id, Offset end) {
  for (Offset at{0}; at < end;) {
    std::binary_semaphore moved{0};
    const auto waits = log.when_past(id, at, [&] { moved.release(); });
    moved.acquire();
    const auto slice = log.read(id, at, 10000);
    ASSERT_TRUE(slice) << slice.error().what;
    ASSERT_FALSE(slice->batches.empty());
    ASSERT_EQ(read_header(slice->batches)->base_offset, at);
    at = slice->next;
  }
}

TEST(LogThreads, WritersReadersAndCheckpointsDoNotDisturbEachOther) {
  const TemporaryFolder folder;
  auto log = Log::open(platform::real(), folder.path(), small);
  ASSERT_TRUE(log) << log.error().what;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((*log)->create(partition(i), {.segment_bytes = 20000}));
  constexpr Offset end{writers * appends_each};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i) threads.emplace_back([&, i] { write(**log, i); });
    for (int i = 0; i < 2; ++i) threads.emplace_back([&, i] { follow(**log, partition(i), end); });
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE((*log)->configure(partition(2), {.segment_bytes = 20000u + i}));
        EXPECT_TRUE((*log)->create(partition(10 + i), {}));
        EXPECT_TRUE((*log)->remove(partition(10 + i)));
      }
    });
  }
  EXPECT_GT((*log)->stats().checkpoints, 0u);
  const auto before = read_all(**log, partition(0));
  ASSERT_TRUE(before);
  EXPECT_EQ(before->size(), static_cast<std::size_t>(end.value));
  for (const bool close : {false, true}) {
    if (close) {
      ASSERT_TRUE((*log)->close());
    }
    log->reset();
    log = Log::open(platform::real(), folder.path(), small);
    ASSERT_TRUE(log) << log.error().what;
    EXPECT_EQ((*log)->recovery().clean, close);
    EXPECT_EQ(*read_all(**log, partition(0)), *before);
    EXPECT_EQ(read_all(**log, partition(1))->size(), before->size());
  }
}

}  // namespace
}  // namespace leat::log
