#include "definition/sql.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "definition/tokens.h"

namespace leat::definition {
namespace {

using Kind = Token::Kind;

int characters(std::string_view bytes) {
  return static_cast<int>(std::ranges::count_if(bytes, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::size_t number_of(Sql& sql, std::string_view name, std::size_t position) {
  const auto found = std::ranges::find(sql.parameters, name, &Parameter::name);
  const auto index = static_cast<std::size_t>(found - sql.parameters.begin());
  if (found == sql.parameters.end()) sql.parameters.push_back({std::string(name), position});
  return index + 1;
}

// Knows where a statement ends: at a semicolon that is not inside a trigger's body. A body ends with `; end`.
class Statements {
 public:
  // True when `token` ends the statement. Blank tokens do not count.
  bool ends_with(const Token& token, std::string_view text) {
    if (token.is_blank()) return false;
    const auto word = token.kind == Kind::word ? token.in(text) : std::string_view{};
    if (token.kind == Kind::semicolon && !in_body_) return *this = {}, true;
    if (in_body_ && after_semicolon_ && is_keyword(word, "end")) in_body_ = false;
    if (trigger_ && !in_body_ && !body_seen_ && is_keyword(word, "begin")) in_body_ = body_seen_ = true;
    after_semicolon_ = token.kind == Kind::semicolon;
    if (words_ == 0) creates_ = is_keyword(word, "create");
    if (creates_ && words_ < 3 && is_keyword(word, "trigger")) trigger_ = true;
    ++words_;
    return false;
  }

 private:
  int words_ = 0;
  bool creates_ = false, trigger_ = false, in_body_ = false, body_seen_ = false, after_semicolon_ = false;
};

// The part of `script` between two bytes as a statement of its own, or nothing when only blanks are in it.
std::optional<Sql> piece(const Sql& script, std::size_t begin, std::size_t end) {
  static constexpr std::string_view blanks = " \t\r\n\f";
  const auto text = std::string_view(script.text).substr(begin, end - begin);
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return std::nullopt;
  Sql out;
  out.text = text.substr(first, text.find_last_not_of(blanks) + 1 - first);
  out.file = script.file;
  for (std::size_t at = 0; at != std::string::npos;) {
    const Place place = script.place(begin + first + at);
    out.line_starts.emplace_back(place.line, place.column);
    const auto newline = out.text.find('\n', at);
    at = newline == std::string::npos ? newline : newline + 1;
  }
  if (!lex(out)) return std::nullopt;  // cannot be: the whole was lexed
  return out;
}

}  // namespace

Place Sql::place(std::size_t offset) const {
  const auto before = std::string_view(text).substr(0, std::min(offset, text.size()));
  const auto line = static_cast<std::size_t>(std::ranges::count(before, '\n'));
  if (line >= line_starts.size()) return {file, 0, 0};
  const auto newline = before.rfind('\n');
  const auto in_line = newline == std::string_view::npos ? before : before.substr(newline + 1);
  return {file, line_starts[line].first, line_starts[line].second + characters(in_line)};
}

Place Sql::place_of_numbered(std::size_t offset) const {
  const auto after = std::ranges::upper_bound(shifts, offset, {}, [](const auto& shift) { return shift.first; });
  if (after == shifts.begin()) return place(offset);
  const auto& [from, to] = *std::prev(after);
  const std::size_t mapped = to + (offset - from);
  return place(after == shifts.end() ? mapped : std::min(mapped, after->second));
}

Result<> lex(Sql& sql) {
  sql.numbered.clear();
  sql.parameters.clear();
  sql.shifts.clear();
  const auto tokens = tokenise(sql.text);
  if (!tokens) {
    const auto& fault = tokens.error();
    return fail(Code::invalid, fmt::format("at byte {}: {}; {}", fault.offset, fault.what, fault.fix));
  }
  for (const Token& token : *tokens) {
    const auto text = token.in(sql.text);
    if (token.kind != Kind::parameter) {
      sql.numbered += text;
      continue;
    }
    sql.shifts.emplace_back(sql.numbered.size(), token.begin);
    fmt::format_to(std::back_inserter(sql.numbered), "?{}", number_of(sql, text.substr(1), token.begin));
    sql.shifts.emplace_back(sql.numbered.size(), token.end);
  }
  return {};
}

std::vector<Sql> split(const Sql& script) {
  std::vector<Sql> statements;
  const auto tokens = tokenise(script.text);
  if (!tokens) return statements;
  Statements boundary;
  std::size_t begin = 0;
  bool blank = true;
  const auto take = [&](std::size_t end) {
    if (auto statement = piece(script, begin, end); statement && !blank) statements.push_back(std::move(*statement));
  };
  for (const Token& token : *tokens) {
    if (!boundary.ends_with(token, script.text)) {
      blank = blank && token.is_blank();
      continue;
    }
    take(token.begin);
    begin = token.end;
    blank = true;
  }
  take(script.text.size());
  return statements;
}

std::string normalised(const Sql& sql) {
  const auto tokens = tokenise(sql.text);
  if (!tokens) return sql.text;
  std::string out;
  for (const Token& token : *tokens) {
    if (token.is_blank()) continue;
    if (!out.empty()) out += ' ';
    out += token.in(sql.text);
  }
  while (out.ends_with(';') || out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace leat::definition
