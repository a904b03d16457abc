// What is damaged below the durable end is an error that names its file, never silence and never other data.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "log/log.h"
#include "log/test_world.h"

namespace leat::log {
namespace {

// A small log, closed in order: two partitions, a few segments each.
class ClosedLog {
 public:
  using Values = std::map<std::int64_t, std::string>;

  ClosedLog() {
    EXPECT_TRUE(world_->files().make_directory("d"));
    auto log = Log::open(world_->platform(), "d", {});
    EXPECT_TRUE(log);
    for (const PartitionId id : ids_) EXPECT_TRUE((*log)->create(id, {.segment_bytes = 300}));
    for (int i = 0; i < 12; ++i) {
      EXPECT_TRUE(
          append(*world_, **log, {{ids_[0], batch_of({fmt::format("a{}", i)})}, {ids_[1], batch_of({"b", "c"})}}));
    }
    for (const PartitionId id : ids_) values_[id] = *read_all(**log, id);
    EXPECT_TRUE((*log)->close());
    for (const std::string folder : {"d/journal", "d/partitions"}) collect(folder);
  }

  const std::map<std::string, std::string>& files() const { return files_; }
  static bool is_index(const std::string& path) { return path.ends_with(".index"); }

  // Another machine with the directory as it was closed, but for one file: other bytes, or none.
  void damage(const std::string& path, const std::optional<std::string>& bytes) {
    world_ = std::make_unique<platform::SimWorld>(11);
    for (const auto& [name, content] : files_) {
      if (name != path) write(name, content);
    }
    if (bytes) write(path, *bytes);
  }

  // What is wrong with how the log takes the damage of `path`; empty when it takes it well.
  std::string verdict(const std::string& path) {
    auto log = Log::open(world_->platform(), "d", {});
    if (!log) return judge(log.error(), path);
    for (const PartitionId id : ids_) {
      const auto read = read_all(**log, id, 100);
      if (read && *read != values_[id]) return "other data";
      const bool own = path.find(text_of(id)) != std::string::npos || path.find("journal") != std::string::npos;
      if (!read && !own) return "a partition suffers for another";
      if (!read) {
        if (auto bad = judge(read.error(), path); !bad.empty()) return bad;
      }
    }
    return {};
  }

 private:
  static std::string text_of(PartitionId id) { return fmt::format("{}-{}", id.topic.value.text(), id.index.value); }
  static std::string judge(const Error& error, const std::string& path) {
    if (error.code != Code::corrupt) return "not called corrupt: " + error.what;
    return error.what.find(path) != std::string::npos ? "" : "the file is not named: " + error.what;
  }
  void collect(const std::string& folder) {
    const auto names = world_->files().list(folder);
    for (const std::string& name : *names) {
      const std::string path = folder + "/" + name;
      if (auto bytes = platform::read_file(world_->files(), path))
        files_[path] = *bytes;
      else
        collect(path);
    }
  }
  void write(const std::string& path, const std::string& bytes) {
    EXPECT_TRUE(world_->files().make_directory(path.substr(0, path.rfind('/'))));
    const auto file = world_->files().open(path, platform::Open::create);
    EXPECT_TRUE(file);
    EXPECT_TRUE((*file)->write_at(0, bytes));
  }

  std::unique_ptr<platform::SimWorld> world_ = std::make_unique<platform::SimWorld>(11);
  const std::vector<PartitionId> ids_{partition(0), partition(1)};
  std::map<PartitionId, Values> values_;
  std::map<std::string, std::string> files_;
};

TEST(LogDamage, EveryFlippedBitIsFoundOrHarmless) {
  ClosedLog closed;
  constexpr std::size_t journal_bytes_looked_at = 600;
  for (const auto& [path, bytes] : closed.files()) {
    const bool journal = path.find("journal") != std::string::npos;
    const std::size_t end = journal ? std::min(bytes.size(), journal_bytes_looked_at) : bytes.size();
    for (std::size_t at = 0; at < end; ++at) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
      closed.damage(path, flipped);
      ASSERT_EQ(closed.verdict(path), "") << path << ", byte " << at;
    }
  }
}

TEST(LogDamage, EveryCutIsFoundOrHarmless) {
  ClosedLog closed;
  for (const auto& [path, bytes] : closed.files()) {
    const std::size_t step = bytes.size() > 5000 ? 1021 : 1;
    for (std::size_t size = 0; size < bytes.size(); size += step) {
      closed.damage(path, bytes.substr(0, size));
      ASSERT_EQ(closed.verdict(path), "") << path << " cut to " << size;
    }
  }
}

TEST(LogDamage, EveryMissingFileIsFoundOrHarmless) {
  ClosedLog closed;
  for (const auto& [path, bytes] : closed.files()) {
    closed.damage(path, std::nullopt);
    EXPECT_EQ(closed.verdict(path), "") << path;
  }
}

TEST(LogDamage, SwappedFilesAreFound) {
  ClosedLog closed;
  for (const std::string extension : {".log", ".sums"}) {
    std::vector<std::string> paths;
    for (const auto& [path, bytes] : closed.files()) {
      if (path.ends_with(extension)) paths.push_back(path);
    }
    ASSERT_GT(paths.size(), 2u);
    for (const std::string& path : paths) {
      const std::string& other = path == paths.front() ? paths.back() : paths.front();
      closed.damage(path, closed.files().at(other));
      EXPECT_EQ(closed.verdict(path), "") << path;
    }
  }
}

}  // namespace
}  // namespace leat::log
