// log/log.h — the durable log of one data directory: many partitions, one Flusher, one journal.
// Formats: docs/formats/{journal,segment,manifest}.md. Why a shared journal: docs/adr/0003-one-journal.md.
//
// Promises
//   * An append is acknowledged only when it is on disk. All parts of one append become durable at one instant, also
//     across a crash: after recovery either all of them are there or none.
//   * Readers see only what is durable; offsets are never given out twice; a partition's batches are stored byte for
//     byte as they came, but for base offset and leader epoch.
//   * After a failed flush nothing is acknowledged any more (Code::unavailable) until the directory is opened again;
//     reads below the durable end go on.
//   * What is damaged below the durable end is an error that names file and range (Code::corrupt), never an end of log.
//   * What a repair gave up (log/repair.h) is a recorded range: readers pass over it and are told.
//
// Safe to use from any thread. Callbacks come on the log's executors and must be short; those of appends that were
// taken in the order of the appends, those of refused ones (Code::unavailable, too_large, invalid) perhaps before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_budget.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/task.h"
#include "base/uuid.h"
#include "platform/platform.h"

namespace leat::log {

struct PartitionId {
  TopicId topic;
  PartitionIndex index;
  auto operator<=>(const PartitionId&) const = default;
};

struct PartitionOptions {
  std::uint64_t segment_bytes = 256ull << 20;  // a segment is rolled before it would pass this size
  std::optional<std::int64_t> retention_ms;    // by the largest record timestamp of a segment; off by default
  std::optional<std::uint64_t> retention_bytes;
  auto operator<=>(const PartitionOptions&) const = default;
};

// Faults planted on purpose, so that tests can show that they would be found. For tests only.
struct TestFaults {
  bool skip_flush = false;             // the journal is written, not flushed
  bool acknowledge_early = false;      // before the flush
  bool cut_below_durable_end = false;  // recovery takes one journal group for torn that is whole
};

inline constexpr std::uint64_t journal_bytes_max = 1ull << 30, group_bytes_limit = 256ull << 20;

struct Options {
  std::uint64_t journal_bytes = 32ull << 20;   // one journal file, up to journal_bytes_max; two or three exist
  std::uint64_t direct_bytes = 256ull << 10;   // a part this large is written to its segment directly, past the journal
  std::uint64_t group_bytes_max = 4ull << 20;  // appends that share one flush; up to group_bytes_limit
  std::uint64_t pending_bytes_max = 64ull << 20;  // waiting to be flushed; beyond it append answers Code::unavailable
  std::size_t open_segments_max = 512;            // that are open for readers, two files each
  ByteBudget* budget = nullptr;  // what waits is leased from it; spent: Code::unavailable. Outlives the log
  TestFaults faults;
};

// Batches for one partition: one or more whole RecordBatch v2, one after the other, as a producer sent them.
struct Part {
  PartitionId partition;
  std::string batches;
};

struct Appended {
  Offset first;  // offset given to the first record of the part
  Offset next;   // one past its last
  Epoch epoch;
};

struct Bounds {
  Offset start;        // first offset that still exists
  Offset durable_end;  // one past the last that a reader may see
  Epoch epoch;         // of this life
};

// [first, next) of a partition.
struct OffsetRange {
  Offset first, next;
  auto operator<=>(const OffsetRange&) const = default;
};

// Where an epoch began. History is ascending in both.
struct EpochStart {
  Epoch epoch;
  Offset start;
};

// Whole batches, byte for byte, the first of which contains the offset asked for (or is the next one that exists).
struct Slice {
  std::string batches;  // empty at the durable end
  Offset next;          // read from here to go on; passes over compacted gaps
  // Set, and nothing was read: a repair gave these up, and `next` lies behind them. A slice never passes over them.
  std::optional<OffsetRange> lost = {};
};

// Something that is not as it was written. In text: "file: bytes [begin, end): what".
struct Damage {
  std::string file;
  std::uint64_t begin = 0, end = 0;  // bytes; both 0 when the file is meant as a whole
  std::string what;
  std::optional<PartitionId> partition = {};
  std::optional<OffsetRange> lost = {};  // what cannot be read for it; nothing when that cannot be told
};

// One look at everything that is in the log, in pieces, so that the caller decides how fast. Readers that come to a
// place where it has found damage get that as their error, also if they had read it before.
class Scrub {
 public:
  struct Step {
    std::uint64_t bytes = 0;      // looked at
    std::vector<Damage> damages;  // found in them
    bool done = false;
  };
  virtual ~Scrub() = default;
  virtual Step step(std::uint64_t bytes) = 0;
};

// What open() found and did, for the log line and the metrics (promise 2: damage is never silence).
struct Recovery {
  bool clean = false;  // closed in order by the life before
  std::uint64_t journal_bytes_read = 0;
  std::uint64_t journal_bytes_cut = 0;  // after the last valid group
  std::uint64_t segment_bytes_cut = 0;  // above the durable ends
};

// Since the log was opened; for metrics.
struct Stats {
  std::uint64_t appends, append_bytes;  // acknowledged
  std::uint64_t direct_bytes;           // of these, written past the journal
  std::uint64_t flushes, flush_nanoseconds, flush_nanoseconds_max;
  std::uint64_t checkpoints;    // times that segments were flushed behind a journal file
  std::uint64_t pending_bytes;  // waiting right now
};

// Told the outcome of an append when it is certain, see Log::append.
using Decided = std::move_only_function<void(const Result<std::vector<Appended>>&)>;

class Log {
 public:
  // Opens or makes the log in `directory` (its folder must exist; the caller holds its lock). Refuses with
  // Code::corrupt, naming file and range, when something below a durable end is missing or wrong in what it has to
  // read.
  static Result<std::unique_ptr<Log>> open(platform::Platform, std::string directory, Options = {});
  // Stops without a clean mark, as a crash would; unfinished appends are answered Code::cancelled.
  virtual ~Log() = default;

  // Finishes what was appended (answering on this thread), makes segments durable and leaves a clean mark. No appends
  // afterwards. Never from one of the log's own callbacks.
  virtual Result<> close() = 0;
  virtual const Recovery& recovery() const = 0;

  virtual Result<> create(PartitionId, PartitionOptions) = 0;     // durable on return; Code::conflict if it exists
  virtual Result<> configure(PartitionId, PartitionOptions) = 0;  // durable on return
  virtual Result<> remove(PartitionId) = 0;                       // durable on return
  virtual std::vector<PartitionId> partitions() const = 0;

  // Calls `done` exactly once: with one Appended for each part, in order, when all are durable; or with the error, and
  // then none of them is or will be, unless the log has stopped (Code::unavailable after a failed flush,
  // Code::cancelled): then the next open() may find all of them or none. Parts of one call for the same partition keep
  // their order; calls for the same partition keep theirs. Code::invalid for a batch whose length, magic, CRC or record
  // count is wrong.
  //
  // `decided`, if given, is called once before `done`, as soon as the outcome is certain and perhaps before readers see
  // the records: between two flushes, so that what it appends shares the next one. It holds up every writer: it must
  // take next to no time and call nothing of the log's but append().
  virtual void append(std::vector<Part>, Done<Result<std::vector<Appended>>> done, Decided decided = {}) = 0;

  // Code::history_lost before the start (its message names the range); an empty slice at the durable end and, with
  // `lost` set, at what a repair gave up; Code::invalid beyond the durable end. At least one batch, however large, else
  // at most `bytes_max`.
  virtual Result<Slice> read(PartitionId, Offset from, std::size_t bytes_max) = 0;
  // The first offset whose record batch has a timestamp at or after `unix_ms`; the durable end when there is none.
  virtual Result<Offset> offset_at(PartitionId, std::int64_t unix_ms) = 0;
  virtual Result<Bounds> bounds(PartitionId) const = 0;
  virtual Result<std::vector<EpochStart>> epochs(PartitionId) const = 0;

  // `wake` is called once, soon after the durable end of the partition passes `seen` (at once if it already has), or
  // when the partition is removed or the log closed or destroyed. Cancel by destroying what is returned; a call that
  // has begun on one of the log's executors goes on.
  virtual std::shared_ptr<void> when_past(PartitionId, Offset seen, Task wake) = 0;

  // Forgets everything before `offset`: whole segments are deleted, the start moves exactly there. Durable on return.
  virtual Result<> delete_before(PartitionId, Offset offset) = 0;
  // Deletes whole segments that the partition's retention no longer covers, judged at `now_ms`. Returns the new start.
  virtual Result<Offset> apply_retention(PartitionId, std::int64_t now_ms) = 0;
  // Whole-partition compaction: replaces all that lies before `before` by `kept` (batches with their offsets,
  // ascending, gaps allowed) at one instant, also across a crash. Appends and reads go on meanwhile.
  virtual Result<> replace_before(PartitionId, Offset before, std::string kept) = 0;

  // Ascending; empty unless a repair gave something up that still lies behind the start.
  virtual Result<std::vector<OffsetRange>> lost(PartitionId) const = 0;
  // Over what is durable now. Requires: the log outlives it; one thread at a time uses it.
  virtual std::unique_ptr<Scrub> scrub() = 0;

  virtual Stats stats() const = 0;
};

}  // namespace leat::log
