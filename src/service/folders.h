// service/folders.h — folders that are still there after a power cut.
#pragma once

#include <string>

#include "base/result.h"
#include "platform/files.h"

namespace leat::service {

// Makes `base`/`below` (one or more names), each durable in the folder above it. Requires: `base` exists.
Result<> make_durable_folders(platform::Files&, const std::string& base, const std::string& below);

}  // namespace leat::service
