// log/recovery.h — from a directory to an open Store: finds where every partition ends, exactly, and refuses what
// cannot be.
#pragma once

#include "log/replay.h"

namespace leat::log {

struct Recovered {
  Recovery report;
  // Whether the log must go on in a new journal file before anything is acknowledged: all but a clean life before.
  bool rotate = true;
};

// Fills store.partitions, store.journal and store.dirty. Requires: a fresh Store.
//
// With `findings`, what would be refused is added there, and the rest goes on as well as it can: where the end of a
// partition cannot be told, its last segment counts as empty; there is no store.journal. For looking only: with files
// that are not the disk's own (log/overlay_files.h).
Result<Recovered> recover(Store&, std::vector<Damage>* findings = nullptr);

}  // namespace leat::log
