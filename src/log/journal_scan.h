// log/journal_scan.h — the reading end of the journal: which files matter after a crash and where their groups end.
//
// One flush is in flight at a time, so behind the first group that is not whole nothing newer can be whole: if there
// is, something has been damaged, and that is an error. Otherwise the journal ends there.
#pragma once

#include <string>
#include <vector>

#include "log/journal.h"

namespace leat::log {

struct JournalFile {
  struct Group {
    std::size_t position;
    GroupHeader header;
    std::vector<Entry> entries;  // views into `bytes`
  };
  std::uint64_t number = 0;
  std::string path;
  std::string bytes;
  std::vector<Group> groups;
  std::size_t end = 0;   // of the last group
  std::size_t size = 0;  // that its groups say it had durably; at least `end`
};

struct JournalScan {
  std::vector<JournalFile> live;  // to be replayed in this order; empty when there is no journal yet
  JournalPlace place;             // where to write on
  bool clean = false;
  std::uint64_t bytes_read = 0, bytes_cut = 0;
};

// Code::corrupt, naming file and range, when the journal cannot be what its writer left. `cut_last`: a planted fault.
Result<JournalScan> scan_journal(platform::Files&, const std::string& folder, bool cut_last);

}  // namespace leat::log
