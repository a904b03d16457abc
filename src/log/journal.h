// log/journal.h — the writing end of the journal: groups, one after the other, in two or three files that take turns.
//
// Exactly one group is in flight at a time; commit() returns when it is durable. After a failed commit() or rotate()
// the journal is in an unknown state: never use it again. All calls need the log's write lock, but for retire().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "log/journal_format.h"
#include "platform/files.h"
#include "platform/random.h"

namespace leat::log {

// Where the writing goes on; what recovery found.
struct JournalPlace {
  std::uint64_t file = 0;  // the current one; 0: none exists
  std::uint64_t salt = 0;
  std::uint64_t position = 0;
  std::uint64_t next_sequence = 1;
  std::uint64_t oldest_file = 1;  // the smallest number that exists on disk
  std::uint64_t live_from = 1;    // the smallest that is still needed
  bool next_exists = false;       // a file after the current one was begun and never held a group
};

class Journal {
 public:
  // Opens the current file, if there is one. Otherwise rotate() must come before the first group.
  static Result<std::unique_ptr<Journal>> open(platform::Files&, platform::Random&, std::string folder,
                                               std::uint64_t file_bytes, const JournalPlace&);

  // A new group in a builder of the caller's, or in one of the journal's: fill it, then commit() or abandon it by
  // beginning another.
  void begin(GroupBuilder&) const;
  GroupBuilder& begin();
  // Writes zeros ahead where the file has not been written before. Code::no_space changes nothing and may pass.
  Result<> make_room(std::size_t payload_bytes);
  // Durable on return. `flush` false is a planted fault.
  Result<> commit(GroupBuilder&, bool flush = true);

  bool full() const { return place_.position >= file_bytes_; }
  // Whether a file is free to go on in; retire() frees them.
  bool can_rotate() const;
  // Goes on in another file, which begins with the state of the log as `snapshot` writes it (it may be called twice).
  // Code::no_space changes nothing and may pass.
  Result<> rotate(const std::function<void(GroupBuilder&)>& snapshot);
  // Files up to this one are not needed any more. From any thread.
  void retire(std::uint64_t file) {
    std::uint64_t known = live_from_;
    while (known <= file && !live_from_.compare_exchange_weak(known, file + 1)) {
    }
  }

  std::uint64_t current_file() const { return place_.file; }
  // Makes durable what may only be in the page cache of the current file.
  Result<> sync() { return file_->sync(); }

 private:
  Journal(platform::Files& files, platform::Random& random, std::string folder, std::uint64_t file_bytes,
          const JournalPlace& place)
      : files_(files),
        random_(random),
        folder_(std::move(folder)),
        file_bytes_(file_bytes),
        place_(place),
        live_from_(place.live_from) {}

  std::string path(std::uint64_t file) const;
  Result<> commit() { return commit(group_); }
  Result<> name_next(std::uint64_t number);
  Result<> write_zeros(platform::File&, std::uint64_t up_to);

  platform::Files& files_;
  platform::Random& random_;
  const std::string folder_;
  const std::uint64_t file_bytes_;
  JournalPlace place_;
  std::unique_ptr<platform::File> file_;
  std::uint64_t written_ = 0;        // bytes of the file that hold something, be it zeros
  std::uint64_t durable_bytes_ = 0;  // of these, as of the last flush
  std::uint64_t step_ = 64 << 10;    // of zeros written ahead; grows to step_max
  GroupBuilder group_;
  std::atomic<std::uint64_t> live_from_;
};

}  // namespace leat::log
