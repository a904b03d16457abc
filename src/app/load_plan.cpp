#include "app/load_plan.h"

#include <fmt/format.h>

#include "definition/load.h"
#include "service/compile.h"

namespace leat::app {
namespace {

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

}  // namespace

Loaded load_plan(platform::Platform platform, const std::string& directory) {
  Loaded out;
  out.system = definition::load(platform.files, directory, out.mistakes);
  out.plan = service::compile(out.system, platform, out.mistakes);
  return out;
}

std::string describe(const service::SystemPlan& plan) {
  std::size_t commands = 0, queries = 0, models = 0;
  for (const auto& service : plan.services) {
    commands += service.commands.size();
    queries += service.queries.size();
    models += service.read_models.size();
  }
  return fmt::format("system {}: {}, {}, {}, {}, {}", plan.name, counted(plan.services.size(), "service", "services"),
                     counted(commands, "command", "commands"), counted(queries, "query", "queries"),
                     counted(models, "read model", "read models"), counted(plan.events.size(), "event", "events"));
}

}  // namespace leat::app
