// A log that was closed in order, and every kind of damage to every file of it: refused at open, or an error of that
// range alone, or no difference at all. Never silence, never other data, never an end of log.
#include <gmock/gmock.h>

#include "log/test_damage.h"

namespace leat::log {
namespace {

// The partition that a path belongs to; nothing for the journal's.
std::optional<PartitionId> partition_of(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  return parse_partition(folder.substr(folder.rfind('/') + 1));
}

// Which offsets a segment's file may take with it: from its base to that of the next one.
std::pair<Offset, Offset> offsets_of(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const auto own = parse_segment_file(path.substr(folder.size()));
  if (!own) return {Offset{0}, Offset{std::numeric_limits<std::int64_t>::max()}};
  const Offset base = own->base;
  Offset next{std::numeric_limits<std::int64_t>::max()};
  for (const auto& [other, bytes] : closed_log().files) {
    const auto name = other.starts_with(folder) ? parse_segment_file(other.substr(folder.size())) : std::nullopt;
    if (name && name->base > base) next = std::min(next, name->base);
  }
  return {base, next};
}

// What is wrong with how a directory is taken in which only `path` is other than it was; empty when it is taken well.
std::string verdict(const Changes& changes, const std::string& path) {
  const auto own = partition_of(path);
  std::set<Offset> failing;
  const Outcome outcome = open_and_read(closed_log(), changes, own.value_or(PartitionId{}), [&](Log& log) {
    for (const auto& [offset, value] : closed_log().answers.at(*own).values) {
      if (!log.read(*own, Offset{offset}, 1)) failing.insert(Offset{offset});
    }
  });
  if (path.ends_with(".index")) return outcome.intact(closed_log()) ? "" : "an index is more than a cache";
  if (outcome.refused) return complaint_about(*outcome.refused, path);
  for (const auto& [id, error] : outcome.unreadable) {
    if (own && own != id) return "a partition suffers for another: " + error.what;
    if (auto wrong = complaint_about(error, path); !wrong.empty()) return wrong;
  }
  for (const auto& [id, answers] : closed_log().answers) {
    if (!outcome.read.contains(id) && !outcome.unreadable.contains(id)) return "a partition is gone";
    if (outcome.read.contains(id) && outcome.read.at(id) != answers) return "other answers";
  }
  if (failing.empty()) return {};
  const auto [begin, end] = offsets_of(path);
  return *failing.begin() >= begin && *failing.rbegin() < end ? "" : "another segment suffers";
}

std::string verdict_on(const std::string& path, std::string bytes) { return verdict({{path, std::move(bytes)}}, path); }

Changes without(const std::function<bool(const std::string&)>& is_gone) {
  Changes changes;
  for (const auto& [path, bytes] : closed_log().files) {
    if (is_gone(path)) changes[path] = std::nullopt;
  }
  return changes;
}

TEST(LogDamage, TheUndamagedLogIsIntact) { EXPECT_TRUE(open_and_read(closed_log(), {}).intact(closed_log())); }

void flip_every_bit_of(bool batches) {
  for (const auto& [path, bytes] : closed_log().files) {
    if (path.ends_with(".log") != batches) continue;
    const std::size_t used = meaningful_bytes(bytes);
    const std::size_t step = every_bit() || used < 1000 ? 1
                             : used < 20'000            ? 29
                                                        : 1009;  // odd: all eight bits have their turn
    for (std::size_t bit = 0; bit < used * 8; bit += step)
      ASSERT_EQ(verdict_on(path, flipped(bytes, bit)), "") << path << ", bit " << bit;
    for (std::size_t bit = used * 8; bit < bytes.size() * 8; bit += every_bit() ? 1 : 12'289)
      ASSERT_EQ(verdict_on(path, flipped(bytes, bit)), "") << path << ", a zero, bit " << bit;
  }
}

TEST(LogDamage, EveryFlippedBitOfBatchesIsFound) { flip_every_bit_of(true); }
TEST(LogDamage, EveryFlippedBitOfOtherFilesIsFoundOrHarmless) { flip_every_bit_of(false); }

TEST(LogDamage, EveryCutIsFoundOrHarmless) {
  for (const auto& [path, bytes] : closed_log().files) {
    const std::size_t used = meaningful_bytes(bytes);
    const std::size_t step = every_bit() || used < 1000 ? 1 : used < 20'000 ? 37 : 509;
    for (std::size_t size = 0; size < used; size += step)
      ASSERT_EQ(verdict_on(path, bytes.substr(0, size)), "") << path << " cut to " << size;
    for (std::size_t size = used; size < bytes.size(); size += every_bit() ? 1 : 4093)
      ASSERT_EQ(verdict_on(path, bytes.substr(0, size)), "") << path << " cut to " << size;
  }
}

// The file before it tells the same.
TEST(LogDamage, TheLastJournalFileOfAStopInOrderCostsNothing) {
  std::string last;
  for (const auto& [path, bytes] : closed_log().files) {
    if (path.starts_with("d/journal/")) last = path;
  }
  const std::string& bytes = closed_log().files.at(last);
  for (std::size_t bit = 0; bit < meaningful_bytes(bytes) * 8; bit += 3)
    ASSERT_TRUE(open_and_read(closed_log(), {{last, flipped(bytes, bit)}}).intact(closed_log())) << bit;
  for (std::size_t size = 0; size < meaningful_bytes(bytes); size += 7)
    ASSERT_TRUE(open_and_read(closed_log(), {{last, bytes.substr(0, size)}}).intact(closed_log())) << size;
  const std::string zeros(bytes.size(), '\0');
  EXPECT_TRUE(open_and_read(closed_log(), {{last, zeros}}).intact(closed_log()));
}

TEST(LogDamage, EveryZeroedPieceIsFoundOrHarmless) {
  for (const auto& [path, bytes] : closed_log().files) {
    for (std::size_t begin = 0; begin < bytes.size(); begin += 512) {
      for (const std::size_t length : {std::size_t{512}, std::size_t{4096}, bytes.size()}) {
        std::string zeroed = bytes;
        const std::size_t end = std::min(begin + length, bytes.size());
        std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(begin),
                  zeroed.begin() + static_cast<std::ptrdiff_t>(end), '\0');
        ASSERT_EQ(verdict_on(path, zeroed), "") << path << ", zeros in [" << begin << ", " << end << ")";
      }
    }
  }
}

TEST(LogDamage, EveryGrownFileIsHarmless) {
  for (const auto& [path, bytes] : closed_log().files) {
    for (const std::string& more : {std::string(1, '\0'), std::string(5000, '\0'), bytes, std::string(100, 'x')})
      ASSERT_EQ(verdict_on(path, bytes + more), "") << path << " and " << more.size();
  }
}

TEST(LogDamage, EveryMissingFileIsFoundOrHarmless) {
  for (const auto& [path, bytes] : closed_log().files) {
    EXPECT_EQ(verdict({{path, std::nullopt}}, path), "") << path;
  }
}

TEST(LogDamage, EveryMissingFolderIsFound) {
  std::set<std::string> folders;
  for (const auto& [path, bytes] : closed_log().files) folders.insert(path.substr(0, path.rfind('/')));
  for (const std::string& folder : folders) {
    const Outcome outcome =
        open_and_read(closed_log(), without([&](const std::string& path) { return path.starts_with(folder + "/"); }));
    ASSERT_TRUE(outcome.refused) << folder;
    EXPECT_EQ(complaint_about(*outcome.refused, folder), "");
  }
}

TEST(LogDamage, MissingIndexesTogetherAreHarmless) {
  const Changes gone = without([](const std::string& path) { return path.ends_with(".index"); });
  EXPECT_FALSE(gone.empty());
  EXPECT_TRUE(open_and_read(closed_log(), gone).intact(closed_log()));
}

// A misdirected write, a restore to the wrong place: every file of a segment in the place of every other.
TEST(LogDamage, SwappedFilesAreFound) {
  for (const auto& [path, bytes] : closed_log().files) {
    const auto dot = path.rfind('.');
    for (const auto& [other, others] : closed_log().files) {
      const bool same_kind = dot != std::string::npos && other.ends_with(path.substr(dot));
      const bool both_manifests = path.ends_with("/manifest") && other.ends_with("/manifest");
      if (path == other || !(same_kind || both_manifests)) continue;
      EXPECT_EQ(verdict_on(path, others), "") << path << " is " << other;
    }
  }
}

TEST(LogDamage, SwappedSegmentsWithTheirSumsAreFound) {
  for (const auto& [path, bytes] : closed_log().files) {
    if (!path.ends_with(".log") || bytes.empty()) continue;
    for (const auto& [other, others] : closed_log().files) {
      if (path == other || !other.ends_with(".log")) continue;
      const auto sums = [](const std::string& log) { return log.substr(0, log.size() - 4) + ".sums"; };
      if (others == bytes) continue;
      const Changes changes{{path, others}, {sums(path), closed_log().files.at(sums(other))}};
      EXPECT_EQ(verdict(changes, path), "") << path << " is " << other;
    }
  }
}

TEST(LogDamage, DoubledSegmentsAreFoundOrHarmless) {
  for (const auto& [path, bytes] : closed_log().files) {
    if (!path.ends_with(".log")) continue;
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    for (const SegmentName name :
         {SegmentName{Offset{1}}, SegmentName{Offset{3}}, SegmentName{Offset{999}}, SegmentName{Offset{0}, 7}}) {
      const std::string copy = folder + segment_stem(name) + ".log";
      if (closed_log().files.contains(copy)) continue;
      EXPECT_EQ(verdict_on(copy, bytes), "") << copy;
    }
  }
}

}  // namespace
}  // namespace leat::log
