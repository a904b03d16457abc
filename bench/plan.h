// bench/plan.h — a system of this folder, read and compiled; its mistakes end the program.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "definition/load.h"
#include "platform/platform.h"
#include "service/compile.h"
#include "service/plan.h"

namespace bench {

inline leat::service::SystemPlan plan_of(const std::string& folder, leat::platform::Platform world) {
  leat::definition::Mistakes mistakes;
  const auto system = leat::definition::load(world.files, folder, mistakes);
  auto plan = leat::service::compile(system, world, mistakes);
  for (const auto& mistake : mistakes.sorted()) std::fprintf(stderr, "%s\n", mistake.text().c_str());
  if (!mistakes.sorted().empty()) std::exit(2);
  return plan;
}

}  // namespace bench
