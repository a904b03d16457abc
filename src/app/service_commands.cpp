// `leat stop`, `leat start`, `leat rebuild`: one call each to the running program.
#include <fmt/format.h>

#include "app/admin_client.h"
#include "app/commands.h"

namespace leat::app {
namespace {

int post(const Target& target, const std::string& path, std::string_view done, platform::Platform platform,
         Console& console) {
  const auto client = AdminClient::find(target, platform);
  if (!client) return console.failed(client.error(), start_first());
  const auto answer = client->post(path);
  if (!answer) return console.failed(answer.error(), "`leat status` shows services and read models by name.");
  if (console.json) {
    console.print(json::object{{"ok", true}});
  } else {
    console.out << done << '\n';
  }
  return exit_ok;
}

std::string path_of(const std::string& service, std::string_view rest) {
  return fmt::format("/v1/services/{}/{}", escaped(service), rest);
}

}  // namespace

std::string data_directory(const std::string& directory, const std::string& data) {
  return data.empty() ? directory + "/.leat" : data;
}

int stop_service(const Target& target, const std::string& service, platform::Platform platform, Console& console) {
  return post(target, path_of(service, "stop"), fmt::format("{} is stopped; the others go on", service), platform,
              console);
}

int start_service(const Target& target, const std::string& service, platform::Platform platform, Console& console) {
  return post(target, path_of(service, "start"), fmt::format("{} is running", service), platform, console);
}

int rebuild(const Target& target, const std::string& service, const std::string& read_model,
            platform::Platform platform, Console& console) {
  return post(
      target, path_of(service, "rebuild?read_model=" + escaped(read_model)),
      fmt::format("{}.{} is being filled beside the old one; `leat status` shows how far it is", service, read_model),
      platform, console);
}

}  // namespace leat::app
