// log/group.h — the appends that share one flush, sorted by partition.
//
// place() decides offsets and positions and does all that may fail for one append alone; flush() makes the group one
// journal group, durable as a whole; settle() brings it to the segments and lets readers see it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "log/store.h"

namespace leat::log {

struct BatchSpan {
  std::uint32_t bytes;
  std::int64_t offsets;  // that it takes
  std::int64_t max_timestamp_ms;
};

// An append that has been checked and waits.
struct Pending {
  std::vector<Part> parts;
  std::vector<std::vector<BatchSpan>> spans;  // of each part
  std::size_t bytes = 0;
  Decided decided;          // may be empty
  ByteBudget::Lease lease;  // of the bytes, until it is answered
  Done<Result<std::vector<Appended>>> done;
  Result<std::vector<Appended>> outcome = std::vector<Appended>{};

  void decide() {
    if (decided) decided(outcome);
  }
  // Requires: decide() was called.
  void answer() { done(std::move(outcome)); }
};

// Code::invalid unless `part` is one or more batches that a broker may append.
Result<std::vector<BatchSpan>> check_part(const Part& part);

class Group {
 public:
  explicit Group(Store& store) : store_(store) {}
  // Empty again; buffers keep their room.
  void clear();

  // --- under the write lock ---
  enum class Placed { yes, next_group };
  // An error fails this append only and leaves no trace, unless it also sets store.failure.
  // `next_group`: a segment must be rolled that this group has written to. Requires: `append` stays where it is until
  // the group is done.
  Result<Placed> place(Pending& append);

  bool empty() const { return runs_.empty(); }
  std::size_t bytes() const { return bytes_; }

  // Fills the journal's group: from this copy a batch goes to the journal and to its segment.
  void fill();
  // Durable on return. When `fatal` the outcome is open and the log must stop; otherwise nothing happened.
  Result<> flush(bool& fatal);
  // Takes back what place() has moved. Requires: it was the last to place.
  void undo();

  // --- once it is durable, in the order of the flushes; without the write lock ---
  // Writes the segments and lets readers see them; adds those who waited for that to `woken`. A failure is fatal: the
  // journal has what the segments lack.
  Result<> settle(std::vector<std::shared_ptr<Waiter>>& woken);

 private:
  // Batches for one segment, one after the other, that go the same way: through the journal or directly.
  struct Run {
    std::shared_ptr<Partition> partition;
    std::shared_ptr<Segment> segment;
    Extent begin, end;
    Offset next;  // after it
    bool direct;
    std::vector<std::string_view> pieces;
    std::string sums;
    std::vector<IndexEntry> places;
    std::size_t journal_at = 0;
  };
  struct Share {  // what one append brings to one partition
    std::shared_ptr<Partition> partition;
    std::uint64_t bytes = 0;
    std::uint32_t batches = 0;
  };

  Result<std::vector<Share>> shares(const Pending&) const;
  Result<Placed> prepare(const Share&);
  Run& run_for(const std::shared_ptr<Partition>&, bool direct);
  Appended add(const std::shared_ptr<Partition>&, Part&, const std::vector<BatchSpan>&, bool direct);
  std::size_t journal_bytes() const;
  Result<> write_direct();

  Store& store_;
  GroupBuilder journal_;
  std::vector<Run> runs_;
  std::unordered_map<Partition*, std::size_t> last_run_;
  std::vector<std::pair<std::shared_ptr<Partition>, Partition::Tail>> before_;
  std::size_t bytes_ = 0, appends_ = 0;
};

}  // namespace leat::log
