#include "definition/query_form.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "definition/names.h"
#include "definition/route.h"
#include "definition/scalars.h"
#include "definition/schema_file.h"

namespace leat::definition {
namespace {

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// "id desc"; nothing when it is not a column with or without a direction.
std::optional<OrderColumn> order_column(std::string_view text) {
  auto column = trimmed(text);
  const bool descending = column.ends_with(" desc");
  if (descending || column.ends_with(" asc")) column = trimmed(column.substr(0, column.rfind(' ')));
  if (column.empty() || column.find(' ') != std::string_view::npos) return std::nullopt;
  return OrderColumn{std::string(column), descending, {}};
}

// "created desc, id"
bool read_order(Reading& r, const Node& node, std::vector<OrderColumn>& into) {
  static constexpr auto says = "columns like `created desc, id`";
  if (node.kind != Node::Kind::scalar) return refuse_kind(r, node, says);
  const std::string_view text = node.text;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    auto column = order_column(text.substr(at, end - at));
    if (!column) return refuse(r, node.place, "this is not an order", fmt::format("write {}", says));
    column->place = node.place;
    into.push_back(*std::move(column));
    at = end + 1;
  }
  return true;
}

// The value of a scalar as JSON of the parameter's type.
std::optional<json::value> value_of(const std::string& text, ParameterType type) {
  const auto number = [&](auto value) -> std::optional<json::value> {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return std::isfinite(static_cast<double>(value)) ? std::optional(json::value(value)) : std::nullopt;
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
  const Node *order = node.find("order"), *limit = node.find("limit"), *etag = node.find("etag");
  if (many && !order)
    return refuse(r, query.place, "`many` without `order`", "name the columns that page it, like `order: id`");
  if (many && etag)
    return refuse(r, etag->place, "`many` has no column for its ETag", "leave it out: a page has one by itself");
  if (one && order) return refuse(r, order->place, "`one` has no order", "leave it out, or write `many`");
  if (one && limit) return refuse(r, limit->place, "`one` has no limit", "leave it out, or write `many`");
  if (query.limit_default <= query.limit_max) return true;
  return refuse(r, limit ? limit->place : query.place, "the default limit is above the largest", "lower it");
}

bool read_etag(Reading& r, const Node& node, Query& into) {
  if (node.kind != Node::Kind::scalar) return refuse_kind(r, node, "the name of a column of the result");
  if (node.text.empty()) return refuse(r, node.place, "the name is empty", "write the name of a column of the result");
  into.etag = node.text;
  into.etag_place = node.place;
  return true;
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
  const auto answer =
      mapping<Query>("{schema: answers/post.json}",
                     {row<Query>("schema", &Query::answer_schema, schema_file_form("an answer"), Need::required,
                                 "The path of the JSON Schema of the object, or of each item of a page.")});
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
      {"etag", false,
       described({{"type", "string"}, {"minLength", 1}}, "The column of a `one` that tells its version, as its ETag."),
       read_etag},
      {"answer", false, described(answer.schema, "What the answer is held against."), answer.read},
      row<Query>("query", &Query::parameters, parameters, Need::optional, "Parameters behind the question mark."),
  };
}

Form<Query> query_form() {
  auto form = mapping<Query>("a mapping of what the query selects", query_rows());
  form.read = [read = std::move(form.read)](Reading& r, const Node& node, Query& into) {
    return read(r, node, into) && check_paging(r, into, node) && check_query_parameters(r, into);
  };
  return form;
}

}  // namespace

Form<std::vector<Query>> queries_form() {
  return named("a mapping of routes to queries", route_key({"GET"}, &Query::route), query_form());
}

}  // namespace leat::definition
