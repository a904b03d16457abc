#include "definition/topics.h"

#include <algorithm>

#include "base/strong.h"
#include "definition/names.h"
#include "definition/scalars.h"

namespace leat::definition {
namespace {

bool names_property(const json::object& schema, std::string_view list, std::string_view key) {
  const json::value* named = schema.if_contains(list);
  if (!named) return false;
  if (const json::object* properties = named->if_object()) return properties->contains(key);
  const json::array* required = named->if_array();
  return required && std::ranges::find(*required, json::value(key)) != required->end();
}

bool read_event(Reading& r, const Node& node, EventType& into) {
  if (!name_form(event_name).read(r, node, into.name)) return false;
  into.place = node.place;
  const auto path = r.folder.resolve("events/" + into.name + ".json", node.place);
  if (!path) return false;
  into.schema_file = *path;
  auto schema = r.folder.read_json(*path, node.place);
  if (!schema) return true;  // told; the name is known all the same
  if (!schema->is_object())
    return refuse(r, {*path, 1, 1}, "an event's schema is a JSON object", "describe its attributes");
  into.schema = *std::move(schema);
  return true;
}

void check_key(Reading& r, const TopicText& topic, const EventType& type) {
  const json::object* schema = type.schema.if_object();
  if (!schema || topic.key.empty()) return;
  for (const char* list : {"properties", "required"}) {
    if (names_property(*schema, list, topic.key)) continue;
    refuse(r, topic.key_place, fmt::format("the key `{}` is not in `{}` of {}", topic.key, list, type.schema_file),
           "add it there, or choose a key that every event of the topic has");
    return;
  }
}

// Names the topic to its events, and its events to the topic: each once.
void complete(Reading& r, TopicText& topic) {
  for (EventType& type : std::exchange(topic.types, {})) {
    if (std::ranges::find(topic.events, type.name) != topic.events.end()) {
      refuse(r, type.place, fmt::format("`{}` stands twice", type.name), "name each event once");
      continue;
    }
    check_key(r, topic, type);
    type.topic = topic.name;
    topic.events.push_back(type.name);
    topic.types.push_back(std::move(type));
  }
}

Form<Retention> retention_form() {
  return mapping<Retention>("{time: 7d, size: 1GiB}",
                            {row<Retention>("time", &Retention::milliseconds, duration_form(), Need::optional,
                                            "Events older than this may go."),
                             row<Retention>("size", &Retention::bytes, size_form(), Need::optional,
                                            "The oldest events may go when a partition is larger.")});
}

bool read_key(Reading& r, const Node& node, TopicText& into) {
  into.key_place = node.place;
  return name_form(attribute_name).read(r, node, into.key);
}

Form<TopicText> topic_form() {
  const json::object event{{"type", "string"}, {"pattern", event_name.pattern}};
  const Form<EventType> type{std::string(event_name.says), event, read_event};
  const auto key = name_form(attribute_name);
  auto form = mapping<TopicText>(
      "{key: attribute, events: [names]}",
      {{"key", true, described(key.schema, "The attribute whose events stay in order."), read_key},
       row<TopicText>("events", &TopicText::types, list_of("a list of event names, like [post.created]", type),
                      Need::required, "Its events; the schema of each is events/NAME.json."),
       row<TopicText>("partitions", &Topic::partitions, integer_form(1, partitions_max), Need::optional,
                      "Into how many partitions its keys are spread; 4 when it does not say."),
       row<TopicText>("retention", &Topic::retention, retention_form(), Need::optional,
                      "What may be forgotten; everything is kept when it does not say.")});
  form.read = [read = std::move(form.read)](Reading& r, const Node& node, TopicText& into) {
    const bool taken = read(r, node, into);
    complete(r, into);
    return taken;
  };
  return form;
}

}  // namespace

Form<std::vector<TopicText>> topics_form() {
  return named("a mapping of topics", name_key<TopicText>(topic_name, &TopicText::name), topic_form());
}

}  // namespace leat::definition
