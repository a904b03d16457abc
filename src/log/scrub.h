// log/scrub.h — the scrub of an open log.
#pragma once

#include "log/store.h"

namespace leat::log {

// As Log::scrub.
std::unique_ptr<Scrub> scrub_all(Store&);

}  // namespace leat::log
