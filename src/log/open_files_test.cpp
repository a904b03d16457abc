#include "log/open_files.h"

#include "log/test_world.h"
#include "platform/passing_files.h"

namespace leat::log {
namespace {

// A disk that counts what is open and refuses more than `limit`.
class CountingFiles final : public platform::PassingFiles {
 public:
  using PassingFiles::PassingFiles;
  std::size_t open_now = 0, most_at_once = 0, limit = 1000;

  Result<std::unique_ptr<platform::File>> open(const std::string& path, platform::Open how) override {
    if (open_now >= limit) return fail(Code::unavailable, "too many open files");
    LEAT_TRY(auto file, PassingFiles::open(path, how));
    most_at_once = std::max(most_at_once, ++open_now);
    return std::make_unique<Handle>(*this, std::move(file));
  }

 private:
  class Handle final : public platform::PassingFile {
   public:
    Handle(CountingFiles& all, std::unique_ptr<platform::File> file) : PassingFile(std::move(file)), all_(all) {}
    ~Handle() override { --all_.open_now; }

   private:
    CountingFiles& all_;
  };
};

struct OpenFilesTest : testing::Test {
  void open(Options options = {}) {
    const auto outside = world.platform();
    auto opened = Log::open({files, outside.clock, outside.random, outside.executors}, "d", options);
    ASSERT_TRUE(opened) << opened.error().what;
    log = *std::move(opened);
  }
  void SetUp() override { ASSERT_TRUE(world.files().make_directory("d")); }

  platform::SimWorld world{1};
  CountingFiles files{world.files()};
  std::unique_ptr<Log> log;
};

TEST_F(OpenFilesTest, ALogOfManySegmentsKeepsAFewOpen) {
  open({.journal_bytes = 4096, .open_segments_max = 3});
  const PartitionId id = partition(0);
  ASSERT_TRUE(log->create(id, {.segment_bytes = 100}));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(append(world, *log, {{id, batch_of({std::to_string(i)})}}));
  EXPECT_EQ(read_all(*log, id)->size(), 100u);
  ASSERT_TRUE(log->close());
  log.reset();
  EXPECT_EQ(files.open_now, 0u);
  files.most_at_once = 0;
  open({.open_segments_max = 3});
  for (int round = 0; round < 3; ++round) EXPECT_EQ(read_all(*log, id)->size(), 100u);
  EXPECT_LE(files.most_at_once, 3 * 2 + 4u) << "and the journal and what is being read";
  log.reset();
}

// Nothing is lost when descriptors run out, and it goes on by itself when there are some again.
TEST_F(OpenFilesTest, WithoutADescriptorAnAppendIsRefusedAndTheLogGoesOn) {
  open({.journal_bytes = 4096});
  const PartitionId id = partition(0);
  ASSERT_TRUE(log->create(id, {.segment_bytes = 100}));
  ASSERT_TRUE(append(world, *log, {{id, batch_of({"first"})}}));
  files.limit = files.open_now;
  for (int i = 0; i < 40; ++i) {
    const auto refused = append(world, *log, {{id, batch_of({"refused"})}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable) << refused.error().what;
  }
  EXPECT_EQ(log->create(partition(1), {}).error().code, Code::unavailable);
  files.limit = 1000;
  ASSERT_TRUE(append(world, *log, {{id, batch_of({"last"})}}));
  const auto kept = read_all(*log, id);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->size(), 2u);
  EXPECT_TRUE(log->close());
  log.reset();
}

}  // namespace
}  // namespace leat::log
