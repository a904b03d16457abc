// A log that a power cut has ended, and damage to what it left. The journal's last group may be lost, since damage
// there looks like a torn write; nothing else ever is without an error that names file and range.
#include <gmock/gmock.h>

#include "log/test_damage.h"

namespace leat::log {
namespace {

bool in_journal(const std::string& path) { return path.find("/journal/") != std::string::npos; }

// Empty when the damage is taken well.
std::string verdict(const std::string& path, std::optional<std::string> bytes) {
  const Outcome outcome = open_and_read(crashed_log().kept, {{path, std::move(bytes)}});
  if (outcome.refused) return complaint_about(*outcome.refused, in_journal(path) ? "d/journal/" : path);
  for (const auto& [id, error] : outcome.unreadable) {
    if (auto wrong = complaint_about(error, path); !wrong.empty()) return wrong;
  }
  const bool all = std::ranges::all_of(
      outcome.read, [](const auto& one) { return crashed_log().kept.answers.at(one.first) == one.second; });
  if (all && outcome.read.size() + outcome.unreadable.size() == crashed_log().kept.answers.size()) return {};
  if (in_journal(path) && outcome.read == crashed_log().without_last) return {};
  return "other answers";
}

TEST(LogUncleanDamage, TheCrashTookNothing) {
  EXPECT_TRUE(open_and_read(crashed_log().kept, {}).intact(crashed_log().kept));
  EXPECT_GE(std::ranges::count_if(crashed_log().kept.files, [](const auto& file) { return in_journal(file.first); }),
            2);
}

TEST(LogUncleanDamage, EveryFlippedBitIsFoundOrCostsTheLastGroup) {
  for (const auto& [path, bytes] : crashed_log().kept.files) {
    const std::size_t used = meaningful_bytes(bytes);
    for (std::size_t bit = 0; bit < used * 8; bit += every_bit() || used < 1000 ? 1 : 101)
      ASSERT_EQ(verdict(path, flipped(bytes, bit)), "") << path << ", bit " << bit;
  }
}

// The bytes that say something in a journal stand at the front of each group.
TEST(LogUncleanDamage, EveryBitOfTheJournalsGroupsIsFoundOrCostsTheLastGroup) {
  for (const auto& [path, bytes] : crashed_log().kept.files) {
    if (!in_journal(path)) continue;
    for (std::size_t page = 0; page < meaningful_bytes(bytes); page += 4096) {
      for (std::size_t bit = 0; bit < 64 * 8; bit += every_bit() ? 1 : 5)
        ASSERT_EQ(verdict(path, flipped(bytes, page * 8 + bit)), "") << path << ", page at " << page << ", bit " << bit;
    }
  }
}

TEST(LogUncleanDamage, EveryCutIsFoundOrCostsTheLastGroup) {
  for (const auto& [path, bytes] : crashed_log().kept.files) {
    for (std::size_t size = 0; size < bytes.size(); size += every_bit() || bytes.size() < 4000 ? 1 : 509)
      ASSERT_EQ(verdict(path, bytes.substr(0, size)), "") << path << " cut to " << size;
  }
}

TEST(LogUncleanDamage, EveryMissingFileIsFoundOrHarmless) {
  for (const auto& [path, bytes] : crashed_log().kept.files) EXPECT_EQ(verdict(path, std::nullopt), "") << path;
}

TEST(LogUncleanDamage, SwappedFilesAreFoundOrHarmless) {
  for (const auto& [path, bytes] : crashed_log().kept.files) {
    for (const auto& [other, others] : crashed_log().kept.files) {
      const bool same =
          in_journal(path) ? in_journal(other) : path.substr(path.size() - 4) == other.substr(other.size() - 4);
      if (!same || path == other) continue;
      EXPECT_EQ(verdict(path, others), "") << path << " is " << other;
    }
  }
}

}  // namespace
}  // namespace leat::log
