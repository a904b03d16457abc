#include "definition/load.h"

#include <algorithm>

#include <fmt/format.h>

#include "definition/content.h"
#include "definition/service_form.h"
#include "definition/whole.h"

namespace leat::definition {
namespace {

template <class T>
bool read_yaml(Reading& r, const std::string& name, const Place& asked, const Form<T>& form, T& into) {
  const auto source = r.folder.read(name, asked);
  if (!source) return false;
  const auto root = parse_yaml(*source, r.mistakes);
  if (root) form.read(r, *root, into);
  return root.has_value();
}

// False when a file or a part of one could not be read that may declare events.
bool read_services(Reading& r, const SystemText& text, System& system) {
  const auto form = service_form();
  std::vector<std::string> seen;
  bool events_known = true;
  for (const auto& include : text.services) {
    if (std::ranges::find(seen, include.path) != seen.end()) {
      refuse(r, include.place, fmt::format("{} stands twice", include.path), "name each file once");
      continue;
    }
    seen.push_back(include.path);
    ServiceText service;
    service.file = include.path;
    service.place = {include.path, 1, 1};
    events_known &= read_yaml(r, include.path, include.place, form, service) && service.topics_known;
    system.services.push_back(std::move(service));
  }
  return events_known;
}

}  // namespace

const EventType* System::event(std::string_view name) const {
  for (const Service& service : services) {
    const auto found = std::ranges::find(service.events, name, &EventType::name);
    if (found != service.events.end()) return &*found;
  }
  return nullptr;
}

System load(platform::Files& files, const std::string& directory, Mistakes& mistakes) {
  Folder folder(files, directory, mistakes);
  Reading reading{folder, mistakes};
  SystemText text;
  System system;
  system.directory = directory;
  if (const auto found = files.exists(directory + "/leat.yaml"); found && !*found) {
    mistakes.error({}, fmt::format("there is no leat.yaml in {}", directory),
                   "name the directory of a system, or write one with `leat new NAME`");
    system.files.emplace("leat.yaml", content_missing);
    return system;
  }
  read_yaml(reading, "leat.yaml", {"leat.yaml", 1, 1}, system_form(), text);
  const bool events_known = read_services(reading, text, system);
  system.name = text.name;
  system.insecure = text.insecure;
  system.files = folder.asked_for();
  check_owners(system, mistakes);
  check_routes(system, mistakes);
  if (!events_known) return system;
  check_events(system, mistakes);
  check_history(system, mistakes);
  return system;
}

std::string format_schema() {
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                      {"title", "leat.yaml and service files"},
                      {"anyOf", json::array{system_form().schema, service_form().schema}}};
  return json::serialize(schema);
}

}  // namespace leat::definition
