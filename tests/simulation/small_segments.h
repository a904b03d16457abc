// tests/simulation/small_segments.h — a log whose segments are small, those of internal topics too, so that short lives
// roll them. (The broker refuses topics as small as this.)
#pragma once

#include <memory>
#include <utility>

#include "log/log.h"

namespace leat::simulation {

class SmallSegments final : public log::Log {
 public:
  SmallSegments(std::unique_ptr<log::Log> inner, std::uint64_t segment_bytes)
      : inner_(std::move(inner)), segment_bytes_(segment_bytes) {}

  Result<> create(log::PartitionId id, log::PartitionOptions options) override {
    options.segment_bytes = segment_bytes_;
    return inner_->create(id, options);
  }
  Result<> configure(log::PartitionId id, log::PartitionOptions options) override {
    options.segment_bytes = segment_bytes_;
    return inner_->configure(id, options);
  }

  Result<> close() override { return inner_->close(); }
  const log::Recovery& recovery() const override { return inner_->recovery(); }
  Result<> remove(log::PartitionId id) override { return inner_->remove(id); }
  std::vector<log::PartitionId> partitions() const override { return inner_->partitions(); }
  void append(std::vector<log::Part> parts, Done<Result<std::vector<log::Appended>>> done,
              log::Decided decided) override {
    inner_->append(std::move(parts), std::move(done), std::move(decided));
  }
  Result<log::Slice> read(log::PartitionId id, Offset from, std::size_t bytes_max) override {
    return inner_->read(id, from, bytes_max);
  }
  Result<Offset> offset_at(log::PartitionId id, std::int64_t unix_ms) override {
    return inner_->offset_at(id, unix_ms);
  }
  Result<log::Bounds> bounds(log::PartitionId id) const override { return inner_->bounds(id); }
  Result<std::vector<log::EpochStart>> epochs(log::PartitionId id) const override { return inner_->epochs(id); }
  std::shared_ptr<void> when_past(log::PartitionId id, Offset seen, Task wake) override {
    return inner_->when_past(id, seen, std::move(wake));
  }
  Result<> delete_before(log::PartitionId id, Offset offset) override { return inner_->delete_before(id, offset); }
  Result<Offset> apply_retention(log::PartitionId id, std::int64_t now_ms) override {
    return inner_->apply_retention(id, now_ms);
  }
  Result<> replace_before(log::PartitionId id, Offset before, std::string kept) override {
    return inner_->replace_before(id, before, std::move(kept));
  }
  Result<std::vector<log::OffsetRange>> lost(log::PartitionId id) const override { return inner_->lost(id); }
  std::unique_ptr<log::Scrub> scrub() override { return inner_->scrub(); }
  log::Stats stats() const override { return inner_->stats(); }

 private:
  const std::unique_ptr<log::Log> inner_;
  const std::uint64_t segment_bytes_;
};

}  // namespace leat::simulation
