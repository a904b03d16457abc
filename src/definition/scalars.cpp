#include "definition/scalars.h"

#include <charconv>
#include <limits>

#include "definition/tokens.h"

namespace leat::definition {
namespace {

template <class N>
std::optional<N> number_in(std::string_view text) {
  N value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// "12h"; nothing for another unit, zero, or more than int64 holds.
std::optional<std::uint64_t> with_unit(std::string_view text, const Unit& unit) {
  if (!text.ends_with(unit.name)) return std::nullopt;
  const auto count = number_in<std::uint64_t>(text.substr(0, text.size() - unit.name.size()));
  const auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!count || *count == 0 || *count > max / unit.factor) return std::nullopt;
  return *count * unit.factor;
}

template <class N>
Form<N> unit_form(const char* says, const char* pattern, std::initializer_list<Unit> units) {
  return {says,
          {{"type", "string"}, {"pattern", pattern}},
          [says, units = std::vector<Unit>(units)](Reading& r, const Node& node, N& into) {
            std::optional<std::uint64_t> value;
            for (const Unit& unit : units) {
              if (!value && node.kind == Node::Kind::scalar) value = with_unit(node.text, unit);
            }
            if (!value) return refuse(r, node.place, "this is not a quantity", std::string("write ") + says);
            into = static_cast<N>(*value);
            return true;
          }};
}

// Why the lines of this scalar cannot be told, or empty.
std::string_view hidden_lines(const Node& node) {
  if (node.comment_follows) return "a comment cuts this SQL off";
  if (node.style == Node::Style::folded) return "a folded block (>) hides the lines of SQL";
  if (node.exact) return {};
  return node.style == Node::Style::plain ? "plain SQL over several lines" : "quoted SQL with escapes or several lines";
}

// A parenthesis that is never closed is mostly YAML's doing: [insert into t values (1, 2)] is a list of two.
bool check_closed(Reading& r, const Sql& sql) {
  std::vector<std::size_t> open;
  const auto tokens = tokenise(sql.text);
  for (const Token& token : tokens.value()) {
    if (token.in(sql.text) == "(") open.push_back(token.begin);
    if (token.in(sql.text) == ")" && !open.empty()) open.pop_back();
  }
  return open.empty() || refuse(r, sql.place(open.back()), "this ( is never closed",
                                "close it; inside [ ] a comma ends a value: quote the SQL there");
}

bool read_one(Reading& r, const Node& node, const char* what, Sql& into) {
  Sql script;
  if (!read_sql(r, node, script)) return false;
  auto statements = split(script);
  if (statements.empty()) return refuse(r, node.place, "there is no SQL in this", fmt::format("write {}", what));
  if (statements.size() > 1) {
    return refuse(r, statements[1].place(), "a second statement", fmt::format("write {}; a list holds several", what));
  }
  into = std::move(statements[0]);
  return check_closed(r, into);
}

Form<Sql> one_form(const char* says) {
  return {says, {{"type", "string"}, {"minLength", 1}}, [says](Reading& r, const Node& node, Sql& into) {
            return read_one(r, node, says, into);
          }};
}

}  // namespace

Form<int> integer_form(int min, int max) {
  std::string says = fmt::format("a whole number from {} to {}", min, max);
  return {says,
          {{"type", "integer"}, {"minimum", min}, {"maximum", max}},
          [says, min, max](Reading& r, const Node& node, int& into) {
            if (node.kind != Node::Kind::scalar) return refuse_kind(r, node, says);
            const auto value = node.style == Node::Style::plain ? number_in<int>(node.text) : std::nullopt;
            if (!value || *value < min || *value > max) {
              return refuse(r, node.place, fmt::format("`{}` is out of range", node.text), "write " + says);
            }
            into = *value;
            return true;
          }};
}

Form<bool> flag_form() {
  return {"true or false", {{"type", "boolean"}}, [](Reading& r, const Node& node, bool& into) {
            if (node.kind != Node::Kind::scalar) return refuse_kind(r, node, "true or false");
            if (node.style != Node::Style::plain || (node.text != "true" && node.text != "false")) {
              return refuse(r, node.place, fmt::format("`{}` is neither true nor false", node.text),
                            "write true or false");
            }
            into = node.text == "true";
            return true;
          }};
}

Form<std::int64_t> duration_form() {
  return unit_form<std::int64_t>("a time like 45s, 30m, 12h or 7d", "^[0-9]+(s|m|h|d)$",
                                 {{"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}});
}

Form<std::uint64_t> size_form() {
  return unit_form<std::uint64_t>("a size like 512KiB, 100MiB or 1GiB", "^[0-9]+(KiB|MiB|GiB|TiB)$",
                                  {{"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}});
}

Form<std::string> path_form(const std::string& says) {
  return {says, {{"type", "string"}, {"minLength", 1}}, [says](Reading& r, const Node& node, std::string& into) {
            if (node.kind != Node::Kind::scalar) return refuse_kind(r, node, says);
            const auto path = r.folder.resolve(node.text, node.place);
            into = path.value_or("");
            return path.has_value();
          }};
}

bool check_sql(Reading& r, const Sql& sql) {
  const auto tokens = tokenise(sql.text);
  return tokens || refuse(r, sql.place(tokens.error().offset), tokens.error().what, tokens.error().fix);
}

bool read_sql(Reading& r, const Node& node, Sql& into) {
  if (node.kind != Node::Kind::scalar) return refuse_kind(r, node, "SQL");
  if (const auto hidden = hidden_lines(node); !hidden.empty()) {
    return refuse(r, node.place, std::string(hidden), "write the SQL as a | block, or quote it in one line");
  }
  into.text = node.text;
  into.file = node.place.file;
  into.line_starts = node.line_starts;
  return check_sql(r, into) && lex(into).has_value();
}

Form<Sql> statement_form() { return one_form("one SQL statement"); }
Form<Sql> expression_form() { return one_form("one SQL expression"); }

Form<std::vector<Sql>> script_form() {
  const char* says = "SQL statements with ; between them";
  return {says, {{"type", "string"}, {"minLength", 1}}, [says](Reading& r, const Node& node, std::vector<Sql>& into) {
            Sql script;
            if (!read_sql(r, node, script)) return false;
            into = split(script);
            if (into.empty()) return refuse(r, node.place, "there is no SQL in this", fmt::format("write {}", says));
            return true;
          }};
}

}  // namespace leat::definition
