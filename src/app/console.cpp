#include "app/console.h"

namespace leat::app {

int Console::failed(const Error& error, std::string_view next) {
  if (json) {
    json::object about{{"code", name(error.code)}, {"what", error.what}};
    if (!next.empty()) about["next"] = next;
    print(json::object{{"error", std::move(about)}});
  } else {
    err << "leat: " << error.what << '\n';
    if (!next.empty()) err << "      " << next << '\n';
  }
  return exit_failed;
}

}  // namespace leat::app
