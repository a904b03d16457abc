// log/maintenance.h — what takes history away: deletion, retention, compaction. Each is one change of the manifest at
// one instant; files that it names no more are deleted afterwards, by the next start if need be.
#pragma once

#include "log/store.h"

namespace leat::log {

// As Log::delete_before, Log::apply_retention and Log::replace_before.
Result<> delete_before(Store&, Partition&, Offset offset);
Result<Offset> apply_retention(Store&, Partition&, std::int64_t now_ms);
Result<> replace_before(Store&, Partition&, Offset before, std::string_view kept);

// Puts a manifest into force; stops the log when its outcome is open. Requires: the write lock.
Result<> change_manifest(Store&, Partition&, Manifest next, Partition::Segments segments);

// Deletes files that the manifest does not name. Failing costs space until the next start, nothing else.
void delete_files_of(const Partition::Segments& segments);

}  // namespace leat::log
