// tests/simulation/village.h — the system that is crashed: people come, are renamed and leave; letters are sent and
// burnt. Two services, three topics, one read model that must not apply an event twice (it counts), one fed by two
// topics, and a command whose two events go to two topics.
#pragma once

#include <string>

#include "base/result.h"
#include "platform/files.h"

namespace leat::simulation {

// Every body carries an `intent`, the client's own name for what it asked, and every event carries it on: so that any
// event can be held against the request that caused it.
Result<> write_village(platform::Files&, const std::string& directory);

}  // namespace leat::simulation
