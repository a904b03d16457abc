#include "definition/service_form.h"

#include "definition/command_form.h"
#include "definition/names.h"
#include "definition/query_form.h"
#include "definition/scalars.h"
#include "definition/state.h"

namespace leat::definition {
namespace {

Form<ReadModel> read_model_form() {
  using When = ReadModel::When;
  const auto when = named(
      "a mapping of event names to statements", name_key(event_name, &When::event),
      part(&When::statements, one_or_list("one SQL statement, or a list of them", statement_form(), statement_form())));
  const auto flag = flag_form();
  return mapping<ReadModel>(
      "{tables: ..., when: ...}",
      {row<ReadModel>("tables", &ReadModel::tables, script_form(), Need::required,
                      "`create table` and `create index` statements with ; between them."),
       row<ReadModel>("when", &ReadModel::when, when, Need::required, "What each event does to the tables."),
       {"forgets", false,
        described(flag.schema,
                  "Whether it may follow topics with a retention, so that a rebuild begins in the middle."),
        [read = flag.read](Reading& r, const Node& node, ReadModel& into) {
          into.forgets_place = node.place;
          return read(r, node, into.forgets);
        }}});
}

bool read_service_name(Reading& r, const Node& node, ServiceText& into) {
  into.place = node.place;
  return name_form(system_name).read(r, node, into.name);
}

bool read_state_row(Reading& r, const Node& node, ServiceText& into) {
  std::string path;
  into.state_known = false;
  if (!path_form("an SQL file, or a folder of 001-name.sql files").read(r, node, path)) return false;
  auto state = read_state(r, path, node.place);
  if (!state) return false;
  into.state = *std::move(state);
  return into.state_known = true;
}

bool read_topics_row(Reading& r, const Node& node, ServiceText& into) {
  into.topics_known = topics_form().read(r, node, into.topic_texts);
  for (const TopicText& topic : into.topic_texts) {
    into.topics.push_back(topic);
    into.events.insert(into.events.end(), topic.types.begin(), topic.types.end());
  }
  for (EventType& event : into.events) event.service = into.name;
  return into.topics_known;
}

Form<SystemText> http_form() {
  return mapping<SystemText>("{insecure: true}",
                             {row<SystemText>("insecure", &SystemText::insecure, flag_form(), Need::optional,
                                              "Listen beyond loopback without TLS and credentials.")});
}

Form<SystemText::Include> include_form() {
  auto form = path_form("the path of a service file");
  return {form.says, form.schema, [read = form.read](Reading& r, const Node& node, SystemText::Include& into) {
            into.place = node.place;
            return read(r, node, into.path);
          }};
}

}  // namespace

Form<SystemText> system_form() {
  const auto http = http_form();
  return mapping<SystemText>(
      "leat.yaml as `system: name` and `services: [...]`",
      {row<SystemText>("system", &SystemText::name, name_form(system_name), Need::required, "The name of the system."),
       row<SystemText>("services", &SystemText::services, list_of("a list of service files", include_form()),
                       Need::required, "The files of its services."),
       {"http", false, described(http.schema, "How it may be reached."), http.read}});
}

Form<ServiceText> service_form() {
  return mapping<ServiceText>(
      "a service file that begins with `service: name`",
      {{"service", true, described(name_form(system_name).schema, "The name of the service."), read_service_name},
       {"state", false, described({{"type", "string"}}, "What it owns: numbered migrations."), read_state_row},
       {"topics", false, described(topics_form().schema, "What it tells."), read_topics_row},
       row<ServiceText>(
           "read_models", &ServiceText::read_models,
           named("a mapping of read models", name_key(read_model_name, &ReadModel::name), read_model_form()),
           Need::optional, "What it has heard: tables derived from events alone."),
       row<ServiceText>("commands", &ServiceText::commands, commands_form(), Need::optional, "What it can be told."),
       row<ServiceText>("queries", &ServiceText::queries, queries_form(), Need::optional, "What it can be asked.")});
}

}  // namespace leat::definition
