#include "log/rewriter.h"

#include <algorithm>

#include "base/endian.h"

namespace leat::log {

Result<> Rewriter::add(std::string_view batches, Offset base_if_first) {
  while (!batches.empty()) {
    LEAT_TRY(const BatchHeader header, read_header(batches));
    if (header.size_bytes() > batches.size()) return fail(Code::invalid, "the last batch kept is cut short");
    if (entries_.empty() || entries_.back().sealed.bytes + header.size_bytes() > segment_bytes_) {
      LEAT_CHECK(begin(entries_.empty() ? base_if_first : header.base_offset));
    }
    LEAT_CHECK(write(batches.substr(0, header.size_bytes()), header));
    batches.remove_prefix(header.size_bytes());
  }
  return {};
}

Result<> Rewriter::finish(Offset base_if_empty) {
  if (entries_.empty()) LEAT_CHECK(begin(base_if_empty));
  for (const auto& segment : segments_) {
    LEAT_CHECK(segment->sync());
    segment->seal();
    segment->let_go();
  }
  auto synced = store_.platform.files.sync_directory(store_.folder(id_));
  // The folder is not ours alone: what a failed flush of it covered may be a segment that was rolled meanwhile.
  if (!synced) store_.failure.set(synced.error());
  return synced;
}

Result<> Rewriter::begin(Offset base) {
  const SegmentName name{base, generation_};
  auto segment = std::make_shared<Segment>(store_.open_files, store_.folder(id_), id_, name, Extent{});
  segments_.push_back(segment);
  entries_.push_back({name, {}});
  return segment->create();
}

Result<> Rewriter::write(std::string_view batch, const BatchHeader& header) {
  Extent& end = entries_.back().sealed;
  std::string sum;
  append_be(sum, sum_.of(batch));
  LEAT_CHECK(segments_.back()->write(end.bytes, batch, end.batches, sum));
  const IndexEntry place{header.base_offset, end.bytes, end.batches, end.max_timestamp_ms};
  end.bytes += batch.size();
  ++end.batches;
  end.max_timestamp_ms = std::max(end.max_timestamp_ms, header.max_timestamp_ms);
  segments_.back()->publish(end, {place});
  return {};
}

}  // namespace leat::log
