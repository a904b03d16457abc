#include "app/version.h"

#include "app/commands.h"

namespace leat::app {

std::string version_text() { return LEAT_VERSION; }

int print_version(Console& console) {
  if (console.json) {
    console.print(json::object{{"version", version_text()}});
  } else {
    console.out << "leat " << version_text() << '\n';
  }
  return exit_ok;
}

}  // namespace leat::app
