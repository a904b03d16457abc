#include <algorithm>

#include <fmt/format.h>

#include "base/content_id.h"
#include "definition/tokens.h"
#include "service/compiler.h"
#include "service/repeatable.h"

namespace leat::service {
namespace {

// A rebuild has to give the same rows.
void check_repeatable(Compiler& compiler, const definition::Sql& sql, const Examined& examined) {
  if (const auto function = unrepeatable_function(examined))
    compiler.mistakes.error(sql.place(), fmt::format("`{}()` gives another value at each rebuild", *function),
                            "take the value from the event (:event.time, :event.id or an attribute)");
  if (const auto at = clock_asked_at(sql, examined))
    compiler.mistakes.error(sql.place(*at), "the statement asks the clock, so a rebuild would give other rows",
                            "use :event.time; a date function takes a parameter, a column or a literal");
}

// "default (random())": where it stands among the statements that make the tables.
definition::Place place_of_default(const definition::ReadModel& model, std::string_view expression) {
  for (const auto& sql : model.tables) {
    const auto tokens = definition::tokenise(sql.text);
    if (!tokens) continue;
    bool after_default = false;
    for (const auto& token : *tokens) {
      const auto text = token.in(sql.text);
      if (after_default && std::string_view(sql.text).substr(token.begin).starts_with(expression))
        return sql.place(token.begin);
      if (token.is_blank() || (after_default && text == "(")) continue;
      after_default = definition::is_keyword(text, "default");
    }
  }
  return model.tables.empty() ? model.place : model.tables.front().place();
}

// What a row is given that no statement names is the same at each rebuild.
void check_defaults(Compiler& compiler, Tables& tables, const definition::ReadModel& model, const std::string& table) {
  for (const auto& [column, expression] : tables.defaults(table)) {
    definition::Sql sql;
    sql.text = "select " + expression;
    definition::Mistakes ignored;  // SQLite has taken it as a default
    if (!definition::lex(sql)) continue;
    const auto examined = tables.examine(sql, ignored);
    if (examined && !unrepeatable_function(*examined) && !clock_asked_at(sql, *examined)) continue;
    compiler.mistakes.error(place_of_default(model, expression),
                            fmt::format("the default of `{}.{}` gives another value at each rebuild", table, column),
                            "drop it, and take the value from the event (:event.time, :event.id or an attribute)");
  }
}

void check_table(Compiler& compiler, Tables& tables, const definition::ReadModel& model, const std::string& table) {
  const auto& place = model.tables.empty() ? model.place : model.tables.front().place();
  if (tables.facts(table).primary_key.empty())
    compiler.mistakes.error(place, fmt::format("table `{}` has no primary key", table),
                            "declare one that the events give, so that a rebuild finds the same rows");
  if (tables.has_autoincrement(table))
    compiler.mistakes.error(place, fmt::format("table `{}` numbers its rows by itself", table),
                            "drop `autoincrement`: the number would depend on the order of events");
  check_defaults(compiler, tables, model, table);
}

// Each table is fed by one topic, and a statement reads no table that another topic feeds: rows do not depend on how
// the topics interleave.
class Feeding {
 public:
  void writes(Compiler& compiler, const definition::Sql& sql, const std::string& table, const EventPlan& event) {
    const auto [feeder, first] = topics_.try_emplace(table, event.topic);
    if (first || feeder->second == event.topic) return;
    compiler.mistakes.error(
        sql.place(),
        fmt::format("table `{}` is fed by topic `{}` and here by `{}`, so its rows would depend on which comes first",
                    table, feeder->second, event.topic),
        "give each topic a table of its own and join them in the query");
  }
  void reads(const definition::Sql& sql, const std::string& table, const EventPlan& event) {
    reads_.push_back({sql, table, event.topic});
  }
  void finish(Compiler& compiler) const {
    for (const auto& [sql, table, topic] : reads_) {
      const auto feeder = topics_.find(table);
      if (feeder == topics_.end() || feeder->second == topic) continue;
      compiler.mistakes.error(
          sql.place(),
          fmt::format(
              "the statement follows topic `{}` and reads `{}`, which topic `{}` feeds: the order between topics is "
              "not kept",
              topic, table, feeder->second),
          "join the two tables in the query instead");
    }
  }

 private:
  struct Read {
    definition::Sql sql;
    std::string table, topic;
  };
  std::map<std::string, std::string> topics_;
  std::vector<Read> reads_;
};

Scope scope_of(const EventPlan& event) {
  Scope scope(event.name);
  event.schema ? scope.add_payload(*event.schema) : scope.add_unknown();
  scope.add_event_attributes();
  return scope;
}

ReadModelPlan::When compile_when(Compiler& compiler, Tables& tables, const definition::ReadModel::When& when,
                                 std::shared_ptr<const EventPlan> event, Feeding& feeding) {
  ReadModelPlan::When plan{.event = event};
  const Scope scope = scope_of(*event);
  std::set<std::string> written;
  for (const auto& sql : when.statements) {
    const auto examined = tables.examine(sql, compiler.mistakes);
    if (!examined) continue;
    check_repeatable(compiler, sql, *examined);
    for (const auto& use : examined->writes)
      feeding.writes(compiler, sql, use.table, *event), written.insert(use.table);
    for (const auto& use : examined->reads)
      if (!examined->writes.contains(use)) feeding.reads(sql, use.table, *event);
    plan.statements.push_back(compile_statement(compiler, sql, scope, *examined));
  }
  plan.last_of_key_wins = plan.statements.size() == 1 && written.size() == 1 &&
                          later_overwrites_earlier(plan.statements.front(), event->key, tables.facts(*written.begin()));
  return plan;
}

std::string hash_of(const definition::ReadModel& model, const std::vector<ReadModelPlan::When>& whens) {
  std::string content;
  for (const auto& table : model.tables) content += definition::normalised(table) + ";\n";
  for (const auto& when : whens) {
    content += fmt::format("{} in {}:\n", when.event->name, when.event->topic);
    for (const auto& statement : when.statements) {
      content += definition::normalised(statement.sql) + ";\n";
      for (const auto& source : statement.sources)  // the same attribute, bound as a text or as the bytes it stands for
        if (source.base64) content += fmt::format("{} is base64\n", source.name);
    }
  }
  return content_id(content);
}

}  // namespace

ReadModelPlan compile_read_model(Compiler& compiler, Tables& tables, const definition::ReadModel& model) {
  ReadModelPlan plan{.name = model.name, .tables = model.tables};
  for (const auto& table : tables.names()) check_table(compiler, tables, model, table);
  if (tables.has_triggers())
    compiler.mistakes.error(model.place, "a read model has triggers",
                            "write what they do into the statements of `when:`");
  Feeding feeding;
  for (const auto& when : model.when) {
    const auto event = compiler.events.find(when.event);
    if (event == compiler.events.end()) continue;  // told by the loader
    plan.when.push_back(compile_when(compiler, tables, when, event->second, feeding));
    plan.topics.push_back(event->second->topic);
  }
  feeding.finish(compiler);
  std::ranges::sort(plan.topics);
  plan.topics.erase(std::unique(plan.topics.begin(), plan.topics.end()), plan.topics.end());
  plan.hash = hash_of(model, plan.when);
  return plan;
}

}  // namespace leat::service
