#include "definition/state.h"

#include <charconv>

#include "definition/scalars.h"
#include "definition/tokens.h"

namespace leat::definition {
namespace {

// The text of a file between two bytes, as SQL with its places.
Sql sql_of(const Source& source, std::size_t begin, std::size_t end) {
  Sql sql;
  sql.text = source.text().substr(begin, end - begin);
  sql.file = source.name();
  const std::size_t first = source.line_of(begin);
  const Place place = source.place(begin);
  sql.line_starts.emplace_back(place.line, place.column);
  for (std::size_t line = first + 1; line <= source.line_of(end); ++line) {
    sql.line_starts.emplace_back(static_cast<int>(line) + 1, 1);
  }
  return sql;
}

bool is_blank(const Sql& sql) { return split(sql).empty(); }

// Numbers must ascend from 1 without gaps, or an old database could not tell what it still needs.
bool check_number(Reading& r, const Place& place, int number, std::size_t known) {
  const int expected = static_cast<int>(known) + 1;
  return number == expected || refuse(r, place, fmt::format("migration {} where {} is next", number, expected),
                                      "number them 1, 2, 3, ... in order");
}

bool add(Reading& r, std::vector<Migration>& list, int number, const Place& place, Sql sql) {
  if (!check_number(r, place, number, list.size()) || !lex(sql)) return false;
  if (is_blank(sql)) return refuse(r, place, fmt::format("migration {} is empty", number), "write its statements");
  if (!sql.parameters.empty()) {
    return refuse(r, sql.place(sql.parameters[0].position),
                  fmt::format("a migration has no parameters, so nothing is `:{}`", sql.parameters[0].name),
                  "write the value");
  }
  list.push_back({number, std::move(sql)});
  return true;
}

struct Mark {
  std::size_t begin, end;  // of the comment
  int number;
};

// "-- migration 2: friends" is a mark; another comment that begins with "migration" is one gone wrong.
std::optional<std::vector<Mark>> marks_in(Reading& r, const Source& source, const std::vector<Token>& tokens) {
  std::vector<Mark> marks;
  for (const Token& token : tokens) {
    auto text = token.in(source.text());
    if (token.kind != Token::Kind::comment || !text.starts_with("--")) continue;
    text.remove_prefix(std::min(text.find_first_not_of(' ', 2), text.size()));
    if (!text.starts_with("migration ")) continue;
    text.remove_prefix(std::min(text.find_first_not_of(' ', 9), text.size()));
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (error != std::errc{} || !(rest.empty() || rest.starts_with(':') || rest.starts_with(' '))) {
      refuse(r, source.place(token.begin), "a migration mark without a number", "write `-- migration 2: what it does`");
      return std::nullopt;
    }
    marks.push_back({token.begin, token.end, number});
  }
  return marks;
}

std::optional<std::vector<Migration>> read_marked(Reading& r, const Source& source) {
  std::vector<Migration> list;
  Sql whole = sql_of(source, 0, source.text().size());
  if (!check_sql(r, whole)) return std::nullopt;
  const auto marks = marks_in(r, source, *tokenise(source.text()));
  if (!marks) return std::nullopt;
  if (marks->empty()) {
    if (!add(r, list, 1, source.place(0), std::move(whole))) return std::nullopt;
    return list;
  }
  if (const auto before = split(sql_of(source, 0, marks->front().begin)); !before.empty()) {
    refuse(r, before[0].place(), "a statement before the first migration mark", "put `-- migration 1` above it");
    return std::nullopt;
  }
  for (std::size_t i = 0; i < marks->size(); ++i) {
    const std::size_t end = i + 1 < marks->size() ? (*marks)[i + 1].begin : source.text().size();
    const Mark& mark = (*marks)[i];
    if (!add(r, list, mark.number, source.place(mark.begin), sql_of(source, mark.end, end))) return std::nullopt;
  }
  return list;
}

// "001-posts.sql" -> 1
std::optional<int> number_of_file(std::string_view name) {
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const auto rest = name.substr(static_cast<std::size_t>(end - name.data()));
  return error == std::errc{} && (rest.starts_with('-') || rest == ".sql") ? std::optional(number) : std::nullopt;
}

std::optional<std::vector<Migration>> read_files(Reading& r, const std::string& path,
                                                 const std::vector<std::string>& names, const Place& asked) {
  std::vector<std::pair<int, std::string>> files;
  for (const std::string& name : names) {
    if (!name.ends_with(".sql")) continue;
    const auto number = number_of_file(name);
    if (!number) {
      refuse(r, {path + "/" + name, 1, 1}, "a migration file without a number", "name it like 001-posts.sql");
      return std::nullopt;
    }
    files.emplace_back(*number, path + "/" + name);
  }
  if (files.empty()) {
    refuse(r, asked, fmt::format("no migration in {}/", path), "add 001-....sql");
    return std::nullopt;
  }
  std::ranges::sort(files);
  std::vector<Migration> list;
  for (const auto& [number, name] : files) {
    const auto source = r.folder.read(name, asked);
    if (!source) return std::nullopt;
    Sql sql = sql_of(*source, 0, source->text().size());
    if (!check_sql(r, sql) || !add(r, list, number, source->place(0), std::move(sql))) return std::nullopt;
  }
  return list;
}

}  // namespace

std::optional<std::vector<Migration>> read_state(Reading& r, const std::string& path, const Place& asked) {
  if (!path.ends_with(".sql")) {
    if (const auto names = r.folder.list(path)) return read_files(r, path, *names, asked);
  }
  const auto source = r.folder.read(path, asked);
  return source ? read_marked(r, *source) : std::nullopt;
}

}  // namespace leat::definition
