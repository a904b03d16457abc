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
Result<Recovered> recover(Store&);

}  // namespace leat::log
