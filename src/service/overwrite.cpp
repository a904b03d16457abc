#include "service/overwrite.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/lower.h"
#include "definition/tokens.h"

namespace leat::service {
namespace {

using definition::Token;

// Names and values of one statement, read from left to right; any surprise ends the proof.
class Reading {
 public:
  Reading(const StatementPlan& statement, std::vector<Token> tokens)
      : statement_(statement), tokens_(std::move(tokens)) {
    std::erase_if(tokens_, [](const Token& token) { return token.is_blank(); });
  }

  bool word(std::string_view keyword) {
    if (at_ == tokens_.size() || tokens_[at_].kind != Token::Kind::word) return false;
    if (lower(text()) != keyword) return false;
    return ++at_, true;
  }
  bool symbol(std::string_view symbol) {
    if (at_ == tokens_.size() || text() != symbol) return false;
    return ++at_, true;
  }
  std::optional<std::string> name() {
    if (at_ == tokens_.size() || tokens_[at_].kind != Token::Kind::word) return std::nullopt;
    std::string out = lower(text());
    ++at_;
    return out;
  }
  // A parameter (its source), a literal (as written), or excluded.<column>.
  struct Value {
    const Source* source = nullptr;
    std::string_view literal = {};
    std::string excluded = {};
    bool operator==(const Value&) const = default;
  };
  std::optional<Value> value() {
    if (at_ == tokens_.size()) return std::nullopt;
    const Token token = tokens_[at_];
    if (token.kind == Token::Kind::parameter) {
      ++at_;
      return Value{.source = source_of(token.in(statement_.sql.text).substr(1))};
    }
    if (token.kind == Token::Kind::string || token.kind == Token::Kind::number || word("null")) {
      if (token.kind != Token::Kind::word) ++at_;
      return Value{.literal = token.in(statement_.sql.text)};
    }
    if (!word("excluded") || !symbol(".")) return std::nullopt;
    auto column = name();
    if (!column) return std::nullopt;
    return Value{.excluded = *column};
  }
  bool end() { return at_ == tokens_.size() || (symbol(";") && at_ == tokens_.size()); }

 private:
  std::string_view text() const { return tokens_[at_].in(statement_.sql.text); }
  const Source* source_of(std::string_view parameter) const {
    for (std::size_t i = 0; i < statement_.sql.parameters.size(); ++i)
      if (statement_.sql.parameters[i].name == parameter) return &statement_.sources[i];
    return nullptr;
  }

  const StatementPlan& statement_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

bool is_key(const Reading::Value& value, std::string_view key) {
  if (value.source == nullptr) return false;
  return (value.source->from == Source::From::payload && value.source->name == key) ||
         (value.source->from == Source::From::event && value.source->name == "key");
}

using Columns = std::vector<std::string>;
using Assigned = std::map<std::string, Reading::Value, std::less<>>;  // column, in lower case, and what it is given

// Names that are no column's own (rowid, a typing mistake) and those that come twice end the proof.
bool assign(Assigned& out, std::string column, Reading::Value value, const TableFacts& table) {
  const auto is_it = [&](const std::string& name) { return lower(name) == column; };
  if (std::ranges::none_of(table.columns, is_it)) return false;
  return out.emplace(std::move(column), std::move(value)).second;
}

// (a, b, c)
std::optional<Columns> column_list(Reading& in) {
  Columns out;
  do {
    auto name = in.name();
    if (!name) return std::nullopt;
    out.push_back(*name);
  } while (in.symbol(","));
  if (!in.symbol(")")) return std::nullopt;
  return out;
}

// a = value, b = value
std::optional<Assigned> assignments(Reading& in, const TableFacts& table) {
  Assigned out;
  do {
    auto name = in.name();
    if (!name || !in.symbol("=")) return std::nullopt;
    auto value = in.value();
    if (!value || !assign(out, *std::move(name), *std::move(value), table)) return std::nullopt;
  } while (in.symbol(","));
  return out;
}

// After "into": t [(columns)] values (...) with the primary key bound to the event's key. What is inserted.
std::optional<Assigned> inserted_values(Reading& in, std::string_view key, const TableFacts& table,
                                        const std::string& primary_key) {
  if (in.name() != lower(table.name)) return std::nullopt;
  Columns columns;
  if (in.symbol("(")) {
    auto listed = column_list(in);
    if (!listed) return std::nullopt;
    columns = *listed;
  } else {
    for (const auto& column : table.columns) columns.push_back(lower(column));
  }
  if (!in.word("values") || !in.symbol("(")) return std::nullopt;
  Assigned out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0 && !in.symbol(",")) return std::nullopt;
    auto value = in.value();
    if (!value || !value->excluded.empty()) return std::nullopt;
    if (!assign(out, columns[i], *std::move(value), table)) return std::nullopt;
  }
  const auto keyed = out.find(primary_key);
  if (!in.symbol(")") || keyed == out.end() || !is_key(keyed->second, key)) return std::nullopt;
  return out;
}

// The update leaves the row as the insert makes it: each inserted column but the key is given the inserted value, and
// no other column anything. Columns that neither names are the same whether the row is made by the first event or the
// second.
bool same_row_either_way(const Assigned& set, const Assigned& inserted, const std::string& primary_key) {
  if (set.size() + 1 != inserted.size()) return false;
  return std::ranges::all_of(set, [&](const auto& assignment) {
    const auto& [column, value] = assignment;
    const auto found = inserted.find(column);
    return column != primary_key && found != inserted.end() && (value.excluded == column || value == found->second);
  });
}

bool insert_overwrites(Reading& in, bool replaces, std::string_view key, const TableFacts& table,
                       const std::string& primary_key) {
  const auto inserted = inserted_values(in, key, table, primary_key);
  if (!inserted) return false;
  if (replaces) return in.end();
  if (!in.word("on") || !in.word("conflict") || !in.symbol("(")) return false;
  if (in.name() != primary_key || !in.symbol(")")) return false;
  if (!in.word("do") || !in.word("update") || !in.word("set")) return false;
  const auto set = assignments(in, table);
  return set && in.end() && same_row_either_way(*set, *inserted, primary_key);
}

bool update_overwrites(Reading& in, std::string_view key, const TableFacts& table, const std::string& primary_key) {
  if (in.name() != lower(table.name) || !in.word("set")) return false;
  const auto set = assignments(in, table);
  if (!set || set->contains(primary_key)) return false;
  if (!in.word("where") || in.name() != primary_key || !in.symbol("=")) return false;
  const auto value = in.value();
  return value && is_key(*value, key) && in.end();
}

}  // namespace

bool later_overwrites_earlier(const StatementPlan& statement, std::string_view key, const TableFacts& table) {
  if (!table.plain || table.primary_key.size() != 1) return false;
  auto tokens = definition::tokenise(statement.sql.text);
  if (!tokens) return false;
  Reading in(statement, *std::move(tokens));
  const std::string primary_key = lower(table.primary_key.front());

  if (in.word("update")) return update_overwrites(in, key, table, primary_key);
  bool replaces = in.word("replace");
  if (!replaces) {
    if (!in.word("insert")) return false;
    replaces = in.word("or");
    if (replaces && !in.word("replace")) return false;
  }
  return in.word("into") && insert_overwrites(in, replaces, key, table, primary_key);
}

}  // namespace leat::service
