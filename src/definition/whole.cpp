#include "definition/whole.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/nearest.h"
#include "definition/route.h"

namespace leat::definition {
namespace {

std::string at(const Place& place) { return fmt::format("{}:{}", place.file, place.line); }

// Names that may be given once.
class Owners {
 public:
  Owners(Mistakes& mistakes, std::string what) : mistakes_(mistakes), what_(std::move(what)) {}

  void claim(const std::string& name, const Place& place, const std::string& fix) {
    const auto [first, is_new] = places_.emplace(name, place);
    if (is_new || name.empty()) return;  // an empty one could not be read and was told
    mistakes_.error(place, fmt::format("{} `{}` is already declared at {}", what_, name, at(first->second)), fix);
  }

 private:
  Mistakes& mistakes_;
  std::string what_;
  std::map<std::string, Place> places_;
};

std::vector<std::string> names_of(const std::vector<EventType>& events) {
  std::vector<std::string> names;
  for (const EventType& event : events) names.push_back(event.name);
  return names;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known, std::string otherwise) {
  const auto near = nearest(name, known);
  return near ? fmt::format("did you mean `{}`?", *near) : std::move(otherwise);
}

void check_heard(const System& system, const Service& service, Mistakes& mistakes) {
  std::vector<std::string> all;
  for (const Service& other : system.services) std::ranges::copy(names_of(other.events), std::back_inserter(all));
  for (const ReadModel& model : service.read_models) {
    for (const auto& when : model.when) {
      if (system.event(when.event)) continue;
      mistakes.error(when.place, fmt::format("no service declares the event `{}`", when.event),
                     suggestion(when.event, all, "declare it under `topics` of the service that tells it"));
    }
  }
}

void check_told(const System& system, const Service& service, Mistakes& mistakes) {
  const auto own = names_of(service.events);
  for (const Command& command : service.commands) {
    for (const Emission& emission : command.reaction.emit) {
      if (std::ranges::find(own, emission.event) != own.end()) continue;
      const EventType* other = system.event(emission.event);
      mistakes.error(emission.place,
                     other ? fmt::format("the event `{}` belongs to {}", emission.event, other->service)
                           : fmt::format("the event `{}` is not declared", emission.event),
                     suggestion(emission.event, own, "a service emits the events under its own `topics`"));
    }
  }
}

bool has_retention(const System& system, std::string_view topic) {
  return std::ranges::any_of(system.services, [&](const Service& service) {
    const auto found = std::ranges::find(service.topics, topic, &Topic::name);
    return found != service.topics.end() && (found->retention.milliseconds || found->retention.bytes);
  });
}

void check_forgetting(const System& system, const ReadModel& model, Mistakes& mistakes) {
  std::vector<std::string> told;
  for (const auto& when : model.when) {
    const EventType* event = system.event(when.event);
    if (!event || !has_retention(system, event->topic)) continue;
    if (!model.forgets && std::ranges::find(told, event->topic) == told.end())
      mistakes.error(when.place,
                     fmt::format("`{}` may be forgotten: the topic `{}` has a retention, and a rebuild of `{}` would "
                                 "lack what is gone",
                                 when.event, event->topic, model.name),
                     "keep the topic whole, or say `forgets: true` if the rows may lack it");
    told.push_back(event->topic);
  }
  if (model.forgets && told.empty())
    mistakes.warning(model.forgets_place, "no topic that it follows has a retention",
                     "leave `forgets` out, so that you are told when one gets it");
}

}  // namespace

void check_history(const System& system, Mistakes& mistakes) {
  for (const Service& service : system.services)
    for (const ReadModel& model : service.read_models) check_forgetting(system, model, mistakes);
}

void check_owners(const System& system, Mistakes& mistakes) {
  Owners services(mistakes, "the service"), topics(mistakes, "the topic"), events(mistakes, "the event");
  for (const Service& service : system.services) {
    services.claim(service.name, service.place, "rename one of them");
    for (const Topic& topic : service.topics) {
      topics.claim(topic.name, topic.place, "a topic has one owner: rename one of them");
    }
    for (const EventType& event : service.events) {
      events.claim(event.name, event.place, "an event belongs to one topic of one service: rename one of them");
    }
  }
}

void check_routes(const System& system, Mistakes& mistakes) {
  std::map<std::string, const Route*> seen;
  const auto claim = [&](const Route& route) {
    const auto [first, is_new] = seen.emplace(shape(route), &route);
    if (is_new) return;
    mistakes.error(route.place,
                   fmt::format("{} {} meets the same requests as {} {} at {}", route.method, route.path,
                               first->second->method, first->second->path, at(first->second->place)),
                   "change one of the paths");
  };
  for (const Service& service : system.services) {
    for (const Command& command : service.commands) claim(command.route);
    for (const Query& query : service.queries) claim(query.route);
  }
}

void check_events(const System& system, Mistakes& mistakes) {
  for (const Service& service : system.services) {
    check_heard(system, service, mistakes);
    check_told(system, service, mistakes);
  }
}

}  // namespace leat::definition
