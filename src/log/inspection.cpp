#include "log/inspection.h"

#include <algorithm>

#include "log/recovery.h"

namespace leat::log {

Inspection::Inspection(platform::Platform platform, std::string directory)
    : files_(platform.files),
      store_{.platform = {files_, platform.clock, platform.random, platform.executors},
             .directory = std::move(directory)} {}

Result<std::unique_ptr<Inspection>> Inspection::of(platform::Platform platform, std::string directory) {
  std::unique_ptr<Inspection> out(new Inspection(platform, std::move(directory)));
  LEAT_CHECK(recover(out->store_, &out->fundamental_));
  for (auto& partition : out->store_.partitions.all()) {
    LEAT_TRY(auto finding, out->look_at(std::move(partition)));
    out->partitions_.push_back(std::move(finding));
  }
  return out;
}

Result<Inspection::PartitionFinding> Inspection::look_at(std::shared_ptr<Partition> partition) {
  PartitionFinding out{.partition = std::move(partition), .segments = {}, .damages = {}};
  const PartitionId id = out.partition->id();
  const auto segments = out.partition->segments();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = *segments[i];
    const Offset next = i + 1 < segments.size() ? segments[i + 1]->name().base : out.partition->bounds().durable_end;
    LEAT_TRY(auto files, open(id, segment.name()));
    SegmentScrub scrub(std::move(files), {id, segment.name(), segment.durable(), next});
    while (scrub.step(segment.durable().bytes)) {
    }
    bytes_ += segment.durable().bytes;
    out.segments.push_back({.name = segment.name(),
                            .damaged = !scrub.damages().empty(),
                            .replayed = store_.dirty.contains(segments[i]),
                            .good = scrub.pieces()});
    out.damages.insert(out.damages.end(), scrub.damages().begin(), scrub.damages().end());
  }
  return out;
}

bool Inspection::damaged() const {
  return !fundamental_.empty() ||
         std::ranges::any_of(partitions_, [](const auto& one) { return !one.damages.empty(); });
}

Result<std::shared_ptr<SegmentFiles>> Inspection::open(PartitionId id, SegmentName name) {
  return open_what_is_there(files_, store_.folder(id), name);
}

Result<Slice> Inspection::read(PartitionId id, Offset from, std::size_t bytes_max) const {
  const auto partition = store_.partitions.find(id);
  if (!partition) return fail(Code::not_found, "partition " + text(id) + " cannot be opened");
  return partition->read(from, bytes_max);
}

Result<Bounds> Inspection::bounds(PartitionId id) const {
  const auto partition = store_.partitions.find(id);
  if (!partition) return fail(Code::not_found, "partition " + text(id) + " cannot be opened");
  return partition->bounds();
}

}  // namespace leat::log
