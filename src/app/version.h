// app/version.h — which Leat this is.
#pragma once

#include <string>

namespace leat::app {

// "0.1.0"
std::string version_text();

}  // namespace leat::app
