// database/durable_wal.h — what a life before may have left in memory only, made durable before anybody builds on it.
#pragma once

#include <string>

#include "platform/files.h"

namespace leat::database {

// After a failed flush the operating system takes what it covered for written: it shows it to the next process, and no
// later flush writes it. SQLite would read such a WAL, go on behind it, and lose both at the next power cut. So the WAL
// of `path`, if there is one, is written once more as it reads, and flushed; its name too. The database file needs
// nothing: what a checkpoint did not flush is still in the WAL. Requires: nobody writes the database meanwhile.
Result<> make_wal_durable(platform::Files&, const std::string& path);

}  // namespace leat::database
