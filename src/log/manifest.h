// log/manifest.h — what a partition is made of, synced before it holds: options, log start, segments, epoch history.
// Format: docs/formats/manifest.md. The durable end is not here but in the journal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "log/layout.h"
#include "log/log.h"
#include "platform/files.h"

namespace leat::log {

// How far something has been written: the bytes of a segment, and what its last batch leaves behind.
struct Extent {
  std::uint64_t bytes = 0;
  std::uint32_t batches = 0;
  std::int64_t max_timestamp_ms = -1;
  auto operator<=>(const Extent&) const = default;
};

struct SegmentEntry {
  SegmentName name;
  Extent sealed;  // all zero for the last segment: its extent is the journal's business
};

struct Manifest {
  PartitionId id;
  PartitionOptions options;
  Offset start;
  // Below this offset the journal has nothing to say: what stands there was flushed before the manifest named it, and
  // what the journal may still hold has been deleted or compacted away.
  Offset settled;
  std::vector<EpochStart> epochs;      // never empty
  std::vector<SegmentEntry> segments;  // ascending, never empty; the last one is appended to
  std::vector<OffsetRange> lost = {};  // given up by repairs; ascending, apart from each other
};

std::string encode(const Manifest&);
// Code::corrupt, naming `file`, when the bytes are not a manifest; Code::invalid when it is of a later version.
Result<Manifest> decode_manifest(std::string_view bytes, std::string_view file);

Result<Manifest> load_manifest(platform::Files&, const std::string& folder);
// Takes effect at one instant. Code::no_space leaves the old one in force; after any other failure either may be.
Result<> store_manifest(platform::Files&, const std::string& folder, const Manifest&);

}  // namespace leat::log
