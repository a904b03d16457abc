#include <algorithm>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/new_system.h"

namespace leat::app {
namespace {

bool is_system_name(std::string_view name) {
  return !name.empty() && name.size() <= 50 && name[0] >= 'a' && name[0] <= 'z' &&
         std::ranges::all_of(
             name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

Result<> write_all(platform::Files& files, const std::string& directory) {
  for (const auto& [path, text] : new_system(directory)) {
    const std::string whole = directory + "/" + path;
    LEAT_CHECK(files.make_directory(whole.substr(0, whole.rfind('/'))));
    LEAT_CHECK(platform::replace_file(files, whole, text));
  }
  return {};
}

constexpr std::string_view story = R"(Made the system {0}. Run it:

  leat up {0}

and, in another terminal:

  curl -s -d '{{"author":"ada","text":"hello"}}' -H 'Content-Type: application/json' http://127.0.0.1:8080/api/notes
  curl -s http://127.0.0.1:8080/api/authors/ada/notes

Edit {0}/*.yaml while it runs: what is right takes effect, what is wrong is told.
)";

}  // namespace

int make_new(const std::string& name, platform::Platform platform, Console& console) {
  if (!is_system_name(name))
    return console.failed({Code::invalid, fmt::format("`{}` cannot name a system", name)},
                          "Use lower-case letters, digits, - and _, beginning with a letter: leat new my-system");
  const auto exists = platform.files.exists(name);
  if (!exists) return console.failed(exists.error());
  if (*exists)
    return console.failed({Code::conflict, fmt::format("`{}` exists already", name)},
                          "Choose another name, or remove it.");
  if (const auto written = write_all(platform.files, name); !written) return console.failed(written.error());
  if (console.json) {
    console.print(json::object{{"directory", name}});
  } else {
    console.out << fmt::format(story, name);
  }
  return exit_ok;
}

}  // namespace leat::app
