#include "log/scrub.h"

#include <algorithm>

#include "log/damage.h"

namespace leat::log {
namespace {

class ScrubAll final : public Scrub {
 public:
  explicit ScrubAll(Store& store) {
    for (const auto& partition : store.partitions.all()) partitions_.push_back(partition);
  }

  Step step(std::uint64_t bytes) override {
    Step out;
    while (out.bytes < bytes) {
      if (!scrub_ && !begin_next(out)) {
        out.done = true;
        return out;
      }
      if (scrub_) look(bytes - out.bytes, out);
    }
    return out;
  }

 private:
  // Goes to the next segment. False when there is none.
  bool begin_next(Step& out) {
    while (segments_.empty()) {
      if (partitions_.empty()) return false;
      partition_ = partitions_.back();
      partitions_.pop_back();
      segments_ = partition_->segments();
      std::ranges::reverse(segments_);
    }
    segment_ = segments_.back();
    segments_.pop_back();
    auto scrub = segment_->scrub(partition_->id(), next_offset());
    if (scrub)
      scrub_ = *std::move(scrub);
    else if (!segment_->removed())
      out.damages.push_back(damage_of(scrub.error()));
    return true;
  }

  Offset next_offset() const {
    return segments_.empty() ? partition_->bounds().durable_end : segments_.back()->name().base;
  }

  void look(std::uint64_t bytes, Step& out) {
    const std::uint64_t before = scrub_->position();
    const std::size_t known = scrub_->damages().size();
    const bool more = scrub_->step(bytes);
    out.bytes += scrub_->position() - before;
    // Deleted, or replaced by a compaction, meanwhile: nobody reads it any more.
    const bool gone = segment_->removed();
    for (std::size_t i = known; i < scrub_->damages().size() && !gone; ++i) {
      const Damage& damage = scrub_->damages()[i];
      segment_->distrust(before, scrub_->position());
      out.damages.push_back(damage);
    }
    if (!more || gone) scrub_.reset();
  }

  std::vector<std::shared_ptr<Partition>> partitions_;  // still to come
  std::shared_ptr<Partition> partition_;
  Partition::Segments segments_;  // of it, still to come, the next one last
  std::shared_ptr<Segment> segment_;
  std::unique_ptr<SegmentScrub> scrub_;
};

}  // namespace

std::unique_ptr<Scrub> scrub_all(Store& store) { return std::make_unique<ScrubAll>(store); }

}  // namespace leat::log
