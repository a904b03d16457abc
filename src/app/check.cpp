#include "app/commands.h"
#include "app/load_plan.h"
#include "definition/load.h"

namespace leat::app {
namespace {

json::object as_json(const definition::Mistake& mistake) {
  return {{"file", mistake.place.file},
          {"line", mistake.place.line},
          {"column", mistake.place.column},
          {"severity", mistake.severity == definition::Severity::error ? "error" : "warning"},
          {"what", mistake.what},
          {"fix", mistake.fix}};
}

}  // namespace

int check(const std::string& directory, platform::Platform platform, Console& console) {
  const Loaded loaded = load_plan(platform, directory);
  if (console.json) {
    json::array all;
    for (const auto& mistake : loaded.mistakes.sorted()) all.push_back(as_json(mistake));
    console.print(json::object{{"ok", loaded.ok()}, {"mistakes", std::move(all)}});
  } else {
    for (const auto& mistake : loaded.mistakes.sorted()) console.err << mistake.text() << '\n';
    if (loaded.ok()) console.out << describe(loaded.plan) << '\n';
  }
  return loaded.ok() ? exit_ok : exit_failed;
}

int print_schema(Console& console) {
  console.out << definition::format_schema() << '\n';
  return exit_ok;
}

}  // namespace leat::app
