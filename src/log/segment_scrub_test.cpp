// What a bad sector costs: the batches that have a part on it.
#include "log/segment_scrub.h"

#include <gmock/gmock.h>

#include "log/test_damage.h"
#include "platform/passing_files.h"

namespace leat::log {
namespace {

constexpr std::uint64_t bad_begin = 4096, bad_end = 8192;

// A file of which one page cannot be read.
class BadSector final : public platform::PassingFile {
 public:
  using PassingFile::PassingFile;
  Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t size) override {
    if (position < bad_end && position + size > bad_begin) return fail(Code::io, "Input/output error");
    return PassingFile::read_at(position, into, size);
  }
};

// Twelve batches of 1070 bytes, of one record each.
TEST(SegmentScrub, ABadSectorCostsTheBatchesOnIt) {
  const auto world = world_with(closed_log().files, {});
  const PartitionId id = partition(1, 2);
  const auto files = *open_what_is_there(world->files(), "d/partitions/" + text(id), {});
  files->log = std::make_unique<BadSector>(std::move(files->log));
  SegmentScrub scrub(files, {id, {}, {.bytes = 12 * 1070, .batches = 12, .max_timestamp_ms = 1011}, Offset{12}});
  while (scrub.step(1000)) {
  }
  ASSERT_EQ(scrub.pieces().size(), 2u);
  EXPECT_EQ(scrub.pieces()[0].end, 3 * 1070u);
  EXPECT_EQ(scrub.pieces()[1].begin, 8 * 1070u);
  EXPECT_EQ(scrub.pieces()[1].end, 12 * 1070u);
  ASSERT_FALSE(scrub.damages().empty());
  EXPECT_EQ(scrub.damages().front().lost->first, Offset{3});
  EXPECT_EQ(scrub.damages().back().lost->next, Offset{8});
  for (const Damage& damage : scrub.damages()) EXPECT_THAT(text(damage), testing::HasSubstr("): Input/output error"));
}

}  // namespace
}  // namespace leat::log
