#include <algorithm>

#include <fmt/format.h>

#include "service/compiler.h"
#include "service/shape_fit.h"

namespace leat::service {
namespace {

// What compiling one step after the other has found out so far.
struct Progress {
  Compiler& compiler;
  Tables& tables;
  const definition::Command& command;
  Scope scope;
  std::optional<Examined> last;  // the last step
};

std::vector<std::string> names_of(const Examined& examined) {
  std::vector<std::string> out;
  for (const auto& column : examined.columns) out.push_back(column.name);
  return out;
}

// The expression as a statement that can be prepared; its text, and so its places, stay the user's.
definition::Sql as_select(definition::Sql expression) {
  constexpr std::string_view prefix = "select ";
  expression.numbered.insert(0, prefix);
  for (auto& [numbered, written] : expression.shifts) numbered += prefix.size();
  if (expression.shifts.empty()) expression.shifts.emplace_back(prefix.size(), 0);
  return expression;
}

void compile_lets(Progress& at, CommandPlan& plan) {
  for (const auto& let : at.command.reaction.let) {
    const definition::Sql select = as_select(let.expression);
    auto examined = let.expression.numbered.empty() ? std::nullopt : at.tables.examine(select, at.compiler.mistakes);
    if (examined && !examined->reads.empty())
      at.compiler.mistakes.error(
          let.place, fmt::format("`{}` reads a table", let.name),
          "`let:` runs before the transaction and sees parameters only; read in `do` or `require`");
    if (!examined) examined.emplace();
    plan.let.push_back({.name = let.name, .select = compile_statement(at.compiler, select, at.scope, *examined)});
  }
  for (std::size_t i = 0; i < plan.let.size(); ++i) at.scope.add_let(plan.let[i].name, i);
}

void compile_requirements(Progress& at, CommandPlan& plan) {
  for (const auto& requirement : at.command.reaction.require) {
    const auto examined = at.tables.examine(requirement.select, at.compiler.mistakes);
    if (!examined) continue;
    if (!examined->read_only)
      at.compiler.mistakes.error(requirement.place, "`require` changes tables",
                                 "only a SELECT can be required; change in `do`");
    plan.require.push_back({.status = requirement.status,
                            .message = requirement.message,
                            .select = compile_statement(at.compiler, requirement.select, at.scope, *examined)});
  }
}

void compile_if_match(Progress& at, CommandPlan& plan) {
  const auto& if_match = at.command.reaction.if_match;
  if (!if_match) return;
  const auto examined = at.tables.examine(if_match->select, at.compiler.mistakes);
  if (!examined) return;
  if (!examined->read_only)
    at.compiler.mistakes.error(if_match->select.place(), "`if_match` changes tables", "select here; change in `do`");
  if (examined->columns.size() != 1)
    at.compiler.mistakes.error(if_match->select.place(),
                               fmt::format("`if_match` selects {} columns", examined->columns.size()),
                               "select the one that the query names as its `etag`");
  plan.if_match = {.select = compile_statement(at.compiler, if_match->select, at.scope, *examined),
                   .required = if_match->required};
}

void compile_steps(Progress& at, CommandPlan& plan) {
  for (const auto& step : at.command.reaction.steps) {
    at.last = at.tables.examine(step.sql, at.compiler.mistakes);
    if (!at.last) {
      at.scope.add_unknown();  // its columns
      continue;
    }
    plan.steps.push_back(compile_statement(at.compiler, step.sql, at.scope, *at.last));
    if (!step.name.empty()) at.scope.add_step(step.name, plan.steps.size() - 1, names_of(*at.last));
  }
}

// The columns of an event's payload against its schema: nothing unknown, nothing required left out.
ShapePlan compile_payload(Progress& at, const EventPlan& event, const std::vector<ColumnFacts>& columns,
                          const definition::Place& place) {
  ShapePlan shape = shape_of(columns, place, at.compiler.mistakes);
  if (event.schema)
    fit_shape(shape, columns, *event.schema, {event.name, "the event's schema"}, place, at.compiler.mistakes);
  return shape;
}

void compile_emission(Progress& at, const definition::Emission& emission, CommandPlan& plan) {
  const auto event = at.compiler.events.find(emission.event);
  if (event == at.compiler.events.end()) return;  // told by the loader
  EmissionPlan out{.event = event->second};
  if (emission.select) {
    const auto examined = at.tables.examine(*emission.select, at.compiler.mistakes);
    if (!examined) return;
    if (!examined->read_only)
      at.compiler.mistakes.error(emission.select->place(), "`emit` changes tables", "select here; change in `do`");
    out.select = compile_statement(at.compiler, *emission.select, at.scope, *examined);
    out.payload = compile_payload(at, *event->second, examined->columns, emission.select->place());
  } else if (at.last && at.last->returns_rows()) {
    out.payload = compile_payload(at, *event->second, at.last->columns, at.command.reaction.steps.back().sql.place());
  } else if (at.last) {
    at.compiler.mistakes.error(emission.place, fmt::format("there is no row to make {} from", emission.event),
                               "end the last statement with `returning ...`, or write `emit: {event: select ...}`");
    return;
  }
  plan.emit.push_back(std::move(out));
}

// POST that shows a row 201; DELETE, or no row asked for, 204; otherwise 200.
int default_status(const CommandPlan& plan) {
  const bool shows = plan.answer || plan.shows_last_step;
  if (!shows) return 204;
  return plan.route.method == "POST" ? 201 : 200;
}

// The row that is shown, as its schema has it.
void compile_shown(Progress& at, const std::vector<ColumnFacts>& columns, const definition::Place& place,
                   CommandPlan& plan) {
  plan.shape = shape_of(columns, place, at.compiler.mistakes);
  const auto& schema = at.command.reaction.answer_schema;
  plan.answer_schema = compile_answer_schema(at.compiler, schema, columns, place, plan.shape);
}

void compile_answer(Progress& at, CommandPlan& plan) {
  const auto& reaction = at.command.reaction;
  if (reaction.answer) {
    if (const auto examined = at.tables.examine(*reaction.answer, at.compiler.mistakes)) {
      if (!examined->read_only)
        at.compiler.mistakes.error(reaction.answer->place(), "`answer` changes tables", "select here; change in `do`");
      plan.answer = compile_statement(at.compiler, *reaction.answer, at.scope, *examined);
      compile_shown(at, examined->columns, reaction.answer->place(), plan);
    }
  } else if (at.last && at.last->returns_rows()) {
    plan.missing_row_is_not_found = true;
    plan.shows_last_step = plan.route.method != "DELETE";
    const auto& place = reaction.steps.back().sql.place();
    if (plan.shows_last_step) compile_shown(at, at.last->columns, place, plan);
    if (!plan.shows_last_step) plan.shape = shape_of(at.last->columns, place, at.compiler.mistakes);
  }
  plan.status = reaction.status.value_or(default_status(plan));
  const bool shows = (plan.answer || plan.shows_last_step) && plan.status != 204;
  const bool tried = reaction.answer || reaction.steps.empty() || at.last;  // what failed there has been told
  if (reaction.answer_schema && !shows && tried)
    at.compiler.mistakes.error(reaction.answer_schema->place, "the command shows no row that could fit a schema",
                               "give `answer` a select, or end the last statement with `returning ...`");
}

}  // namespace

CommandPlan compile_command(Compiler& compiler, ServiceTables& tables, const definition::Command& command) {
  CommandPlan plan{.route = compile_route(command.route)};
  Progress at{
      compiler, tables.state, command, Scope(fmt::format("{} {}", command.route.method, command.route.path)), {}};
  at.scope.add_path(plan.route.path_parameters);
  at.scope.add_auth();
  if (command.body) plan.body = compile_schema(compiler, *command.body, command.body_file, command.place);
  if (plan.body) at.scope.add_body(*plan.body);
  if (!plan.body && !command.body_file.empty()) at.scope.add_unknown();
  compile_lets(at, plan);
  compile_requirements(at, plan);
  compile_if_match(at, plan);
  compile_steps(at, plan);
  for (const auto& emission : command.reaction.emit) compile_emission(at, emission, plan);
  compile_answer(at, plan);
  return plan;
}

}  // namespace leat::service
