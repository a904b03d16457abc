// log/repair.h — gives damaged ranges up, so that everything else can be used again. The last resort: a backup is
// better.
#pragma once

#include "log/inspection.h"

namespace leat::log {

// For each damaged segment that `inspection` found: its good batches are written into a new one, and the manifest names
// that and the offsets that are lost, at one instant for each partition. Before that the loss is written to `repairs`
// in the log's directory, and the damaged files are copied to `damaged/`. Interrupted anywhere, it can be done again.
//
// Returns what was given up. Code::corrupt, and nothing is changed, when there is fundamental() damage: then it cannot
// be told what else would be lost. Requires: the caller holds the directory's lock and has accepted the loss; nothing
// has changed since `inspection` was made, which is of no more use afterwards.
Result<std::vector<Damage>> give_up_damaged(platform::Platform, const std::string& directory, Inspection& inspection);

}  // namespace leat::log
