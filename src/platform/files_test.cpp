// What both implementations of Files promise, held against each other: SimFiles without a crash must not be told from
// the operating system.
#include "platform/files.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "platform/chance.h"
#include "platform/real.h"
#include "platform/sim_files.h"

namespace leat::platform {
namespace {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& in = std::filesystem::temp_directory_path())
      : path_((in / "leat-files-XXXXXX").string()) {
    LEAT_ASSERT(::mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string outcome(const Result<>& result) { return result ? "ok" : std::string(name(result.error().code)); }
template <class T>
std::string failure(const Result<T>& result) {
  return std::string(name(result.error().code));
}

// A program that does the same to any Files and tells what it saw.
class Actor {
 public:
  Actor(Files& files, std::string root) : files_(files), root_(std::move(root)) {}

  std::string act(Chance chance) {
    switch (chance.below(12)) {
      case 0:
        return open(chance);
      case 1:
        return outcome(files_.rename(path(chance), path(chance)));
      case 2:
        return outcome(files_.remove(path(chance)));
      case 3:
        return outcome(files_.make_directory(path(chance)));
      case 4:
        return list(chance);
      case 5:
        return exists(chance);
      case 6:
        return outcome(files_.sync_directory(path(chance)));
      case 7:
        return lock(chance);
      case 8:
        return unlock();
      default:
        return file_ ? act_on_file(chance) : open(chance);
    }
  }

 private:
  std::string path(Chance& chance) {
    static constexpr const char* names[] = {"/a", "/b", "/c", "/c/a", "/c/b", "/c/d", "/c//d/./a", "/e", "/e/f/g", ""};
    return root_ + names[chance.below(std::size(names))];
  }

  std::string open(Chance& chance) {
    static constexpr Open ways[] = {Open::read, Open::write, Open::create, Open::create_new};
    auto file = files_.open(path(chance), ways[chance.below(std::size(ways))]);
    if (!file) return failure(file);
    file_ = *std::move(file);
    return "ok";
  }
  std::string list(Chance& chance) {
    const auto names = files_.list(path(chance));
    return names ? fmt::format("{}", fmt::join(*names, " ")) : failure(names);
  }
  std::string exists(Chance& chance) {
    const auto there = files_.exists(path(chance));
    return there ? fmt::format("{}", *there) : failure(there);
  }
  std::string lock(Chance& chance) {
    auto lock = files_.lock(path(chance));
    if (!lock) return failure(lock);
    locks_.push_back(*std::move(lock));
    return "ok";
  }
  std::string unlock() {
    if (!locks_.empty()) locks_.pop_back();
    return "ok";
  }

  std::string act_on_file(Chance& chance) {
    const std::uint64_t at = chance.below(3) == 0 ? chance.below(20'000) : chance.below(1'000);
    const std::uint64_t length = chance.below(2) == 0 ? chance.below(10'000) : chance.below(600);
    switch (chance.below(7)) {
      case 0:
      case 1:
        return outcome(file_->write_at(at, std::string(length, static_cast<char>('a' + chance.below(26)))));
      case 2:
        return outcome(file_->truncate(at));
      case 3:
        return outcome(file_->sync());
      case 4:
        return outcome(file_->reserve(at, length));
      case 5:
        file_->drop_cache();
        return size();
      default:
        return read(at, length);
    }
  }
  std::string size() {
    const auto size = file_->size();
    return size ? std::to_string(*size) : failure(size);
  }
  std::string read(std::uint64_t at, std::uint64_t length) {
    std::string bytes(length, '?');
    const auto got = file_->read_at(at, bytes.data(), length);
    return got ? fmt::format("{} {} {}", *got, size(), bytes.substr(0, *got)) : failure(got);
  }

  Files& files_;
  std::string root_;
  std::unique_ptr<File> file_;
  std::vector<std::unique_ptr<Lock>> locks_;
};

TEST(Files, SimulatedOnesBehaveAsThoseOfTheOperatingSystem) {
  RealFiles real;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const TemporaryFolder folder;
    SimFiles sim(seed);
    ASSERT_TRUE(sim.make_directory("root"));
    Actor on_disk(real, folder.path()), in_memory(sim, "root");
    Chance chance(seed);
    for (int step = 0; step < 400; ++step) {
      const Chance same = chance.fork();
      ASSERT_EQ(in_memory.act(same), on_disk.act(same)) << "seed " << seed << ", step " << step;
    }
  }
}

// The free functions, on both.
class FilesOfBothKinds : public testing::TestWithParam<bool> {
 protected:
  TemporaryFolder folder_;
  RealFiles real_;
  SimFiles sim_{1};
  Files& files_ = GetParam() ? static_cast<Files&>(real_) : sim_;
  std::string root_ = GetParam() ? folder_.path() : "root";
  void SetUp() override { ASSERT_TRUE(files_.make_directory(root_)); }
};
INSTANTIATE_TEST_SUITE_P(Both, FilesOfBothKinds, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "real" : "simulated"; });

TEST_P(FilesOfBothKinds, ReplaceThenReadGivesTheNewBytes) {
  const std::string path = root_ + "/settings";
  for (const std::string& bytes : {std::string("first, and longer"), std::string("second"), std::string()}) {
    ASSERT_TRUE(replace_file(files_, path, bytes));
    EXPECT_EQ(read_file(files_, path), bytes);
    EXPECT_EQ(files_.list(root_), std::vector<std::string>{"settings"});
  }
}

TEST_P(FilesOfBothKinds, ReadRefusesWhatIsTooLargeOrMissing) {
  ASSERT_TRUE(replace_file(files_, root_ + "/ten", "0123456789"));
  EXPECT_EQ(read_file(files_, root_ + "/ten", 10), "0123456789");
  EXPECT_EQ(read_file(files_, root_ + "/ten", 9).error().code, Code::too_large);
  EXPECT_EQ(read_file(files_, root_ + "/none").error().code, Code::not_found);
}

TEST_P(FilesOfBothKinds, RemoveTreeTakesAllAndOnlyThat) {
  for (const char* path : {"/gone/a/b/c", "/gone/d", "/kept"}) ASSERT_TRUE(files_.make_directory(root_ + path));
  for (const char* path : {"/gone/1", "/gone/a/2", "/gone/a/b/c/3", "/kept/4"})
    ASSERT_TRUE(replace_file(files_, root_ + path, "x"));
  ASSERT_TRUE(remove_tree(files_, root_ + "/gone"));
  EXPECT_EQ(files_.list(root_), std::vector<std::string>{"kept"});
  EXPECT_EQ(files_.list(root_ + "/kept"), std::vector<std::string>{"4"});
  EXPECT_EQ(remove_tree(files_, root_ + "/gone").error().code, Code::not_found);
}

TEST_P(FilesOfBothKinds, ALockIsHeldUntilItIsDestroyed) {
  auto held = files_.lock(root_ + "/lock");
  ASSERT_TRUE(held);
  EXPECT_EQ(files_.lock(root_ + "/lock").error().code, Code::conflict);
  held->reset();
  EXPECT_TRUE(files_.lock(root_ + "/lock"));
}

TEST(RealFiles, RemoveTreeTakesALinkAndNotWhatItLeadsTo) {
  const TemporaryFolder folder;
  RealFiles files;
  for (const char* name : {"mine", "others"}) ASSERT_TRUE(files.make_directory(folder / name));
  ASSERT_TRUE(replace_file(files, folder / "others/precious", "x"));
  std::filesystem::create_directory_symlink(folder / "others", folder / "mine/link");
  ASSERT_TRUE(remove_tree(files, folder / "mine"));
  EXPECT_FALSE(files.exists(folder / "mine").value());
  EXPECT_EQ(read_file(files, folder / "others/precious").value(), "x");
}

TEST(RealFiles, AFolderCannotBeMadeInOneThatIsGone) {
  const auto before = std::filesystem::current_path();
  const TemporaryFolder folder;
  RealFiles files;
  ASSERT_TRUE(files.make_directory(folder / "gone"));
  std::filesystem::current_path(folder / "gone");
  ASSERT_TRUE(files.remove(folder / "gone"));
  for (const char* path : {"x", "x/", "x/y", ""}) EXPECT_EQ(outcome(files.make_directory(path)), "not found") << path;
  std::filesystem::current_path(before);
}

// Also where the file system has no direct writes, and from memory that lies anywhere.
TEST(RealFiles, WhatIsWrittenDirectlyIsReadBack) {
  for (const std::filesystem::path& where :
       {std::filesystem::temp_directory_path(), std::filesystem::path("/dev/shm")}) {
    if (!std::filesystem::exists(where)) continue;
    const TemporaryFolder folder(where);
    RealFiles files;
    ASSERT_TRUE(replace_file(files, folder / "f", {}));
    std::string bytes((3 << 20) + direct_block_bytes + 1, 'x');
    for (std::size_t i = 0; i < bytes.size(); i += 1000) bytes[i] = static_cast<char>(i / 1000);
    const std::string_view odd = std::string_view(bytes).substr(1);
    auto file = files.open(folder / "f", Open::write_direct);
    ASSERT_TRUE(file) << file.error().what;
    ASSERT_TRUE((*file)->write_at(0, odd.substr(0, direct_block_bytes)));
    ASSERT_TRUE((*file)->write_at(direct_block_bytes, odd.substr(direct_block_bytes)));
    ASSERT_TRUE((*file)->sync());
    EXPECT_TRUE(read_file(files, folder / "f").value() == odd);
  }
  EXPECT_EQ(RealFiles().open("/nowhere/at-all", Open::write_direct).error().code, Code::not_found);
}

TEST(RealFiles, ErrorsNameThePath) {
  const auto file = RealFiles().open("/nowhere/at-all", Open::read);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().what, "open /nowhere/at-all: No such file or directory");
}

TEST(Clock, WritesTimeAsRfc3339WithMilliseconds) {
  struct Case {
    std::int64_t unix_ms;
    const char* text;
  };
  for (const auto& [unix_ms, text] :
       {Case{0, "1970-01-01T00:00:00.000Z"}, Case{1'795'305'084'007, "2026-11-21T23:51:24.007Z"},
        Case{951'782'400'000, "2000-02-29T00:00:00.000Z"}, Case{-1, "1969-12-31T23:59:59.999Z"}}) {
    EXPECT_EQ(rfc3339(unix_ms), text);
  }
}

TEST(RealPlatform, ChanceDiffersAndTimeMovesOn) {
  const Platform platform = real();
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 1000; ++i) numbers.insert(platform.random.next());
  EXPECT_EQ(numbers.size(), 1000u);
  const Instant before = platform.clock.now();
  EXPECT_GE(platform.clock.now(), before);
  EXPECT_GT(platform.clock.unix_ms(), 1'700'000'000'000);
}

}  // namespace
}  // namespace leat::platform
