#include "definition/command_form.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "definition/names.h"
#include "definition/route.h"
#include "definition/scalars.h"
#include "definition/schema_file.h"

namespace leat::definition {
namespace {

// "403 not your post"
bool read_rejection(Reading& r, const Node& key, Requirement& into) {
  const std::string_view text = key.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into.status);
  const auto used = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || used != 3 || into.status < 400 || into.status > 499) {
    return refuse(r, key.place, "a requirement begins with a status from 400 to 499",
                  "write it like `403 not your post: select ...`");
  }
  const std::size_t message = text.find_first_not_of(' ', used);
  if (message == used || message == std::string_view::npos) {
    return refuse(r, key.place, "a requirement says why it rejects", "write it like `403 not your post: select ...`");
  }
  into.message = text.substr(message);
  return true;
}

Form<std::vector<Requirement>> require_form() {
  KeyForm<Requirement> key{{{"type", "string"}, {"pattern", "^4[0-9][0-9] +[^ ]"}}, read_rejection};
  return named("a mapping of `STATUS message` to a select", key, part(&Requirement::select, statement_form()));
}

// `if_match: select ...`, or with `required` a mapping.
Form<IfMatch> if_match_form() {
  auto whole = mapping<IfMatch>("{select: ..., required: true}",
                                {row<IfMatch>("select", &IfMatch::select, statement_form(), Need::required,
                                              "A select whose first column is what the ETag tells."),
                                 row<IfMatch>("required", &IfMatch::required, flag_form(), Need::optional,
                                              "Whether a request without If-Match is answered with 428.")});
  Form<IfMatch> bare = part(&IfMatch::select, statement_form());
  bare.read = [read = std::move(bare.read)](Reading& r, const Node& node, IfMatch& into) {
    into.place = node.place;
    return read(r, node, into);
  };
  return scalar_or(std::move(bare), std::move(whole));
}

// `answer: select ...`, or what the answer is held against, with or without a select.
Form<Reaction> answer_form() {
  auto whole = mapping<Reaction>("{select: ..., schema: answers/post.json}",
                                 {row<Reaction>("select", &Reaction::answer, statement_form(), Need::optional,
                                                "A select whose first row is the answer."),
                                  row<Reaction>("schema", &Reaction::answer_schema, schema_file_form("an answer"),
                                                Need::required, "The path of the JSON Schema of the answer.")});
  return scalar_or(part(&Reaction::answer, statement_form()), std::move(whole));
}

Form<std::vector<Let>> let_form() {
  return named("a mapping of names to SQL expressions", name_key(parameter_name, &Let::name),
               part(&Let::expression, expression_form()));
}

Form<std::vector<Step>> do_form() {
  auto statement = part(&Step::sql, statement_form());
  auto named_step = single(named("`name: statement`", name_key(parameter_name, &Step::name), statement));
  return one_or_list("one SQL statement, or a list of statements and `name: statement`", statement,
                     scalar_or(statement, std::move(named_step)));
}

// `emit: name`, `emit: {name: select, name: select}`, or a list of these; all become one flat list.
Form<std::vector<Emission>> emit_form() {
  const auto bare = part(&Emission::event, name_form(event_name));
  Form<std::vector<Emission>> one{bare.says, bare.schema,
                                  [bare](Reading& r, const Node& node, std::vector<Emission>& into) {
                                    Emission emission{.place = node.place, .event = {}, .select = {}};
                                    if (!bare.read(r, node, emission)) return false;
                                    into.push_back(std::move(emission));
                                    return true;
                                  }};
  auto selected = named("a mapping of event names to selects", name_key(event_name, &Emission::event),
                        part(&Emission::select, statement_form()));
  auto item = scalar_or(std::move(one), std::move(selected));
  auto list = list_of("event names, or `name: select`, in a list", item);
  auto schema = json::object{{"anyOf", json::array{item.schema, list.schema}}};
  auto says = item.says;
  return {std::move(says), std::move(schema), [item, list](Reading& r, const Node& node, std::vector<Emission>& into) {
            if (node.kind != Node::Kind::sequence) return item.read(r, node, into);
            std::vector<std::vector<Emission>> parts;
            const bool complete = list.read(r, node, parts);
            for (auto& part : parts) std::ranges::move(part, std::back_inserter(into));
            return complete;
          }};
}

// A path to a JSON Schema; reads it as well.
bool read_body(Reading& r, const Node& node, Command& into) {
  if (!path_form("the path of a JSON Schema").read(r, node, into.body_file)) return false;
  into.body = r.folder.read_json(into.body_file, node.place);
  if (!into.body || into.body->is_object()) return into.body.has_value();
  return refuse(r, {into.body_file, 1, 1}, "a body's schema is a JSON object", "describe its attributes");
}

template <class V>
Row<Command> reaction_row(std::string key, V Reaction::* member, auto form, std::string_view note) {
  auto read = part(member, std::move(form));
  return row<Command>(std::move(key), &Command::reaction, std::move(read), Need::optional, note);
}

bool check_command(Reading& r, const Command& command) {
  const Reaction& reaction = command.reaction;
  if (reaction.steps.empty() && reaction.emit.empty()) {
    return refuse(r, command.place, "this command does nothing",
                  "give it `do`, `emit` or both; what only reads is a query");
  }
  for (std::size_t i = 0; i < reaction.steps.size(); ++i) {
    const Step& step = reaction.steps[i];
    const auto before = std::span(reaction.steps).first(i);
    if (!step.name.empty() && std::ranges::find(before, step.name, &Step::name) != before.end()) {
      return refuse(r, step.place, fmt::format("the step `{}` stands twice", step.name), "give each its own name");
    }
  }
  for (const Emission& emission : reaction.emit) {
    if (!emission.select && reaction.steps.empty()) {
      return refuse(r, emission.place, fmt::format("`{}` has no rows to come from", emission.event),
                    fmt::format("write `do`, or {{{}: select ...}}", emission.event));
    }
  }
  return true;
}

Form<Command> command_form() {
  auto form = mapping<Command>(
      "a mapping of what the command does",
      {{"body", false, described({{"type", "string"}}, "The path of the JSON Schema of its body."), read_body},
       reaction_row("let", &Reaction::let, let_form(), "Slow expressions, computed before the transaction."),
       reaction_row("require", &Reaction::require, require_form(),
                    "What must hold: a select that finds no row rejects."),
       reaction_row("if_match", &Reaction::if_match, if_match_form(),
                    "The version that a request's If-Match must name."),
       reaction_row("do", &Reaction::steps, do_form(), "What changes the state."),
       reaction_row("emit", &Reaction::emit, emit_form(), "The events it tells."),
       row<Command>("answer", &Command::reaction, answer_form(), Need::optional,
                    "A select whose first row is the answer, and what it is held against."),
       reaction_row("status", &Reaction::status, integer_form(200, 299), "The status of a success.")});
  return checked(std::move(form), check_command);
}

}  // namespace

Form<std::vector<Command>> commands_form() {
  return named("a mapping of routes to commands", route_key({"POST", "PUT", "PATCH", "DELETE"}, &Command::route),
               command_form());
}

}  // namespace leat::definition
