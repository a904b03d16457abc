// log/damage.h — what is wrong with a file of the log, and what it costs.
#pragma once

#include <optional>
#include <string>

#include "log/log.h"

namespace leat::log {

// Taking the parts of an error of ours, "file: bytes [begin, end): what", apart; as a whole when it is none.
Damage damage_of(const Error&);
// "file: bytes [begin, end): what"
std::string text(const Damage&);

}  // namespace leat::log
