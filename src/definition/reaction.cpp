#include "definition/reaction.h"

#include <charconv>

#include "definition/names.h"
#include "definition/route.h"
#include "definition/scalars.h"

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

Form<std::vector<Let>> let_form() {
  return named("a mapping of names to SQL expressions", name_key(parameter_name, &Let::name),
               part(&Let::expression, expression_form()));
}

// A mapping with one entry stands for that entry.
template <class T>
Form<T> single(Form<std::vector<T>> entries) {
  json::object schema = std::move(entries.schema);
  schema["maxProperties"] = 1;
  auto read = [read = std::move(entries.read)](Reading& r, const Node& node, T& into) {
    std::vector<T> list;
    if (!read(r, node, list)) return false;
    if (list.size() != 1) return refuse(r, node.place, "several entries in one list item", "write one - for each");
    into = std::move(list[0]);
    return true;
  };
  return {std::move(entries.says), std::move(schema), std::move(read)};
}

// A plain value is read by one form, anything else by the other.
template <class T>
Form<T> scalar_or(Form<T> scalar, Form<T> other) {
  json::object schema{{"anyOf", json::array{scalar.schema, other.schema}}};
  std::string says = scalar.says + ", or " + other.says;
  auto read = [says, scalar = std::move(scalar), other = std::move(other)](Reading& r, const Node& node, T& into) {
    if (node.kind == Node::Kind::null) return refuse_kind(r, node, says);
    return node.kind == Node::Kind::scalar ? scalar.read(r, node, into) : other.read(r, node, into);
  };
  return {std::move(says), std::move(schema), std::move(read)};
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
  auto list = list_of("a list of these", item);
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
  return into.body.has_value();
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
  for (const Emission& emission : reaction.emit) {
    if (!emission.select && reaction.steps.empty()) {
      return refuse(r, emission.place, fmt::format("`{}` has no rows to come from", emission.event),
                    fmt::format("write `do`, or {{{}: select ...}}", emission.event));
    }
  }
  return true;
}

// `check` looks at what was read whole.
template <class T>
Form<T> checked(Form<T> form, bool (*check)(Reading&, const T&)) {
  form.read = [check, read = std::move(form.read)](Reading& r, const Node& node, T& into) {
    return read(r, node, into) && check(r, into);
  };
  return form;
}

// "id desc, created"
bool read_order(Reading& r, const Node& node, std::vector<OrderColumn>& into) {
  static constexpr auto fix = "write columns like `created desc, id`";
  if (node.kind != Node::Kind::scalar) return refuse_kind(r, node, "columns like `created desc, id`");
  const std::string_view text = node.text;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    std::vector<std::string_view> words;
    for (std::size_t word = at; (word = text.find_first_not_of(' ', word)) < end;) {
      const std::size_t stop = std::min(text.find(' ', word), end);
      words.push_back(text.substr(word, stop - word));
      word = stop;
    }
    const bool direction = words.size() == 2 && (words[1] == "asc" || words[1] == "desc");
    if (words.empty() || (words.size() > 1 && !direction)) return refuse(r, node.place, "this is not an order", fix);
    into.push_back({std::string(words[0]), direction && words[1] == "desc"});
    at = end + 1;
  }
  return true;
}

// The value of a scalar as JSON of the parameter's type.
std::optional<json::value> value_of(const std::string& text, ParameterType type) {
  const auto number = [&](auto value) -> std::optional<json::value> {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return json::value(value);
  };
  switch (type) {
    case ParameterType::text:
      return json::value(text);
    case ParameterType::integer:
      return number(std::int64_t{});
    case ParameterType::number:
      return number(double{});
    case ParameterType::boolean:
      if (text != "true" && text != "false") return std::nullopt;
      return json::value(text == "true");
  }
  return std::nullopt;
}

bool read_type(Reading& r, const Node& node, QueryParameter& into) {
  const auto type = node.kind == Node::Kind::scalar ? parameter_type(node.text) : std::nullopt;
  if (!type) return refuse(r, node.place, "this is not a type", "write text, integer, number or boolean");
  into.type = *type;
  return true;
}

bool read_fallback(Reading& r, const Node& node, QueryParameter& into) {
  if (node.kind == Node::Kind::scalar) into.fallback = value_of(node.text, into.type);
  return into.fallback || refuse(r, node.place, "this default is not of the parameter's type", "write one that is");
}

Form<QueryParameter> query_parameter_form() {
  const json::object type_schema{{"enum", json::array{"text", "integer", "number", "boolean"}}};
  Form<QueryParameter> type{"a type: text, integer, number or boolean", type_schema, read_type};
  auto whole = mapping<QueryParameter>(
      "{type: ..., default: ...} or {type: ..., required: true}",
      {{"type", true, described(type_schema, "How its text is read."), read_type},
       {"default", false, described({{"type", json::array{"string", "number", "boolean"}}}, "Its value when missing."),
        read_fallback},
       row<QueryParameter>("required", &QueryParameter::required, flag_form(), Need::optional,
                           "Whether its absence is answered with 400.")});
  return checked<QueryParameter>(
      scalar_or(std::move(type), std::move(whole)), [](Reading& r, const QueryParameter& parameter) {
        if (!parameter.required || !parameter.fallback) return true;
        return refuse(r, parameter.place, "required, and with a default", "keep one of the two");
      });
}

bool check_query_parameters(Reading& r, const Query& query) {
  bool fine = true;
  for (const QueryParameter& parameter : query.parameters) {
    const auto in_path = [&](const PathSegment& s) { return s.parameter && s.text == parameter.name; };
    if (std::ranges::any_of(query.route.segments, in_path)) {
      fine =
          refuse(r, parameter.place, fmt::format("`{}` is in the path as well", parameter.name), "rename one of them");
    }
    if (query.many && (parameter.name == "limit" || parameter.name == "after")) {
      fine = refuse(r, parameter.place, fmt::format("every `many` has `{}` already", parameter.name), "leave it out");
    }
  }
  return fine;
}

bool check_paging(Reading& r, const Query& query, const Node& node) {
  const Node *one = node.find("one"), *many = node.find("many");
  if (!one == !many) {
    return refuse(r, one ? many->place : query.place, one ? "both `one` and `many`" : "neither `one` nor `many`",
                  "write `one: select ...` for one object or `many: select ...` for a list");
  }
  const Node *order = node.find("order"), *limit = node.find("limit");
  if (many && !order)
    return refuse(r, query.place, "`many` without `order`", "name the columns that page it, like `order: id`");
  if (one && order) return refuse(r, order->place, "`one` has no order", "leave it out, or write `many`");
  if (one && limit) return refuse(r, limit->place, "`one` has no limit", "leave it out, or write `many`");
  if (query.limit_default <= query.limit_max) return true;
  return refuse(r, limit ? limit->place : query.place, "the default limit is above the largest", "lower it");
}

Form<Query> limit_form() {
  return mapping<Query>("{default: 50, max: 500}",
                        {row<Query>("default", &Query::limit_default, integer_form(1, 10'000), Need::optional,
                                    "Rows when the request does not say."),
                         row<Query>("max", &Query::limit_max, integer_form(1, 10'000), Need::optional,
                                    "Rows that a request may ask for.")});
}

std::vector<Row<Query>> query_rows() {
  const auto statement = statement_form();
  const auto parameters =
      named("a mapping of names to types", name_key(parameter_name, &QueryParameter::name), query_parameter_form());
  const auto limit = limit_form();
  return {
      row<Query>("one", &Query::select, statement, Need::optional, "A select whose first row is the answer."),
      {"many", false, described(statement.schema, "A select whose rows are the answer, a page at a time."),
       [read = statement.read](Reading& r, const Node& node, Query& into) {
         into.many = true;
         return read(r, node, into.select);
       }},
      {"order", false,
       described({{"type", "string"}}, "The columns that order and page a `many`, like `created desc, id`."),
       [](Reading& r, const Node& node, Query& into) { return read_order(r, node, into.order); }},
      {"limit", false, described(limit.schema, "The size of a page."), limit.read},
      row<Query>("query", &Query::parameters, parameters, Need::optional, "Parameters behind the question mark."),
  };
}

Form<Command> command_form() {
  auto form = mapping<Command>(
      "a mapping of what the command does",
      {{"body", false, described({{"type", "string"}}, "The path of the JSON Schema of its body."), read_body},
       reaction_row("let", &Reaction::let, let_form(), "Slow expressions, computed before the transaction."),
       reaction_row("require", &Reaction::require, require_form(),
                    "What must hold: a select that finds no row rejects."),
       reaction_row("do", &Reaction::steps, do_form(), "What changes the state."),
       reaction_row("emit", &Reaction::emit, emit_form(), "The events it tells."),
       reaction_row("answer", &Reaction::answer, statement_form(), "A select whose first row is the answer."),
       reaction_row("status", &Reaction::status, integer_form(200, 299), "The status of a success.")});
  return checked(std::move(form), check_command);
}

Form<Query> query_form() {
  auto form = mapping<Query>("a mapping of what the query selects", query_rows());
  form.read = [read = std::move(form.read)](Reading& r, const Node& node, Query& into) {
    return read(r, node, into) && check_paging(r, into, node) && check_query_parameters(r, into);
  };
  return form;
}

}  // namespace

Form<std::vector<Command>> commands_form() {
  return named("a mapping of routes to commands", route_key({"POST", "PUT", "PATCH", "DELETE"}, &Command::route),
               command_form());
}

Form<std::vector<Query>> queries_form() {
  return named("a mapping of routes to queries", route_key({"GET"}, &Query::route), query_form());
}

}  // namespace leat::definition
