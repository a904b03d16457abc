// platform/descriptors.h — how many files and sockets the process may have open.
#pragma once

#include <cstdint>

namespace leat::platform {

// The soft limit, which is the one in force.
std::uint64_t descriptor_limit();

// Makes the hard limit the soft one: the usual soft one, 1024, is meant for programs that use select(). Where that is
// not allowed everything stays as it is.
void raise_descriptor_limit();

// How many are open now; 0 where the system does not tell.
std::uint64_t open_descriptors();

}  // namespace leat::platform
