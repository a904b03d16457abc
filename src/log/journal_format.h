// log/journal_format.h — groups and their entries as bytes. Format: docs/formats/journal.md.
//
// A group is what one flush makes durable: all of it or, after a crash, nothing, as its one checksum says. Groups begin
// at multiples of a page, so that no write touches a page that holds an earlier group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "log/manifest.h"

namespace leat::log {

inline constexpr std::size_t journal_page_bytes = 4096;
inline constexpr std::size_t group_header_bytes = 32;

// Batches of one partition, to be found at `position` of a segment.
struct DataEntry {
  PartitionId partition;
  Offset segment;
  std::uint64_t position;
  std::uint32_t ordinal;  // of the first batch in its segment
  std::string_view bytes;
};
// The durable end of a partition: in a snapshot, after batches that went past the journal, and of a new partition.
struct EndEntry {
  PartitionId partition;
  Offset segment;
  Extent extent;
  Offset next;
};
// An epoch that the partition's manifest may not know yet.
struct EpochEntry {
  PartitionId partition;
  EpochStart epoch;
};
struct RemovedEntry {
  PartitionId partition;
};
// First in every snapshot, and again whenever a file is about to be recycled.
struct LiveFromEntry {
  std::uint64_t file;  // journal files with smaller numbers are not needed any more
  std::uint64_t self;  // the file that this was written to: a recycled one still holds its old groups
};
// The file that follows exists under its name, and its groups carry this salt.
struct ContinuesEntry {
  std::uint64_t file;
  std::uint64_t salt;
};
// In the last group: the log was closed in order.
struct CleanEntry {};

using Entry = std::variant<DataEntry, EndEntry, EpochEntry, RemovedEntry, LiveFromEntry, ContinuesEntry, CleanEntry>;

struct GroupHeader {
  std::uint64_t sequence;    // one more than the group before, across files and lives
  std::uint64_t salt;        // chance, new for every use of a file: no client can write bytes that pass for a group
  bool snapshot;             // the first group of a file: names the end of every partition
  std::uint64_t file_bytes;  // how long its file was, durably, before this group: a shorter one has been cut
  std::uint32_t payload_bytes;
  std::size_t size_bytes() const { return group_header_bytes + payload_bytes; }
};

// Builds one group in a buffer that is kept from group to group.
class GroupBuilder {
 public:
  void begin(std::uint64_t sequence, std::uint64_t salt, bool snapshot);
  // Makes the entry and leaves `bytes` to be filled at the returned place of buffer(), before finish().
  std::size_t add_data(PartitionId, Offset segment, std::uint64_t position, std::uint32_t ordinal, std::size_t bytes);
  void add(const EndEntry&);
  void add(const EpochEntry&);
  void add(const RemovedEntry&);
  void add(const LiveFromEntry&);
  void add(const ContinuesEntry&);
  void add(const CleanEntry&);
  std::string& buffer() { return buffer_; }
  // The group, padded to whole pages. `file_bytes`, a multiple of a page: see GroupHeader; 0 says nothing.
  std::string_view finish(std::uint64_t file_bytes = 0);

 private:
  void begin_entry(std::uint8_t kind, PartitionId);
  std::string buffer_;
};

// The group at `position` of a journal file's bytes, if it is whole and its checksum holds.
std::optional<GroupHeader> read_group(std::string_view file, std::size_t position);
// What its header says, be the group whole or not.
std::optional<GroupHeader> peek_group(std::string_view file, std::size_t position);
// Its entries; views into `file`. Nothing when they do not fill it exactly. Requires: read_group gave `header`.
std::optional<std::vector<Entry>> read_entries(std::string_view file, std::size_t position, const GroupHeader& header);

inline std::size_t whole_pages(std::size_t bytes) {
  return (bytes + journal_page_bytes - 1) / journal_page_bytes * journal_page_bytes;
}

}  // namespace leat::log
