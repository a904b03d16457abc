#include "service/repeatable.h"

#include <algorithm>
#include <array>

#include "definition/tokens.h"

namespace leat::service {
namespace {

constexpr std::array unrepeatable = {"random",  "randomblob",    "now",           "last_insert_rowid",
                                     "changes", "total_changes", "password_hash", "password_verify"};
constexpr std::array date_functions = {"date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff"};
constexpr std::array date_words = {"current_timestamp", "current_date", "current_time"};

using definition::Token;
using Tokens = std::vector<Token>;

template <class Names>
bool is_one_of(const Token& token, std::string_view text, const Names& names) {
  return token.kind == Token::Kind::word &&
         std::ranges::any_of(names, [&](auto name) { return definition::is_keyword(token.in(text), name); });
}

bool is_symbol(const Tokens& tokens, std::size_t at, std::string_view text, std::string_view symbol) {
  return at < tokens.size() && tokens[at].in(text) == symbol;
}

// A call of a date function, read token by token.
class Call {
 public:
  // `name` is where its name stands among the tokens, the parenthesis behind it.
  Call(std::string_view text, const Tokens& tokens, std::size_t name) : text_(text), tokens_(tokens), name_(name) {}

  // The time stands there as something that is not the clock.
  bool is_given_its_time() {
    const auto name = tokens_[name_].in(text_);
    at_ = name_ + 2;
    if (definition::is_keyword(name, "strftime")) {
      skip_argument();
      return is_symbol(tokens_, at_++, text_, ",") && argument_is_known();
    }
    if (!argument_is_known()) return false;
    if (!definition::is_keyword(name, "timediff")) return true;
    return is_symbol(tokens_, at_++, text_, ",") && argument_is_known();
  }

 private:
  // One parameter, column or literal that is not 'now'. Leaves at_ at what ends the argument.
  bool argument_is_known() {
    const std::size_t begin = at_;
    skip_argument();
    if (at_ == begin) return false;
    const auto& first = tokens_[begin];
    if (at_ == begin + 1 && first.kind == Token::Kind::string) return !is_now(first.in(text_));
    if (at_ == begin + 1 && (first.kind == Token::Kind::parameter || first.kind == Token::Kind::number)) return true;
    for (std::size_t i = begin; i < at_; ++i)  // a, t.a, "t"."a"
      if ((i - begin) % 2 == 0 ? !is_name(tokens_[i]) : !is_symbol(tokens_, i, text_, ".")) return false;
    return (at_ - begin) % 2 == 1;
  }

  void skip_argument() {
    for (int depth = 0; at_ < tokens_.size(); ++at_) {
      const auto text = tokens_[at_].in(text_);
      if (depth == 0 && (text == "," || text == ")")) return;
      if (text == "(") ++depth;
      if (text == ")") --depth;
    }
  }

  static bool is_name(const Token& token) {
    return token.kind == Token::Kind::word || token.kind == Token::Kind::quoted_name;
  }
  static bool is_now(std::string_view literal) {
    return definition::is_keyword(literal.substr(1, literal.size() - 2), "now");
  }

  std::string_view text_;
  const Tokens& tokens_;
  std::size_t name_, at_ = 0;
};

template <class Names>
bool uses(const Examined& examined, const Names& names) {
  return std::ranges::any_of(names, [&](const auto* name) { return examined.functions.contains(name); });
}

}  // namespace

std::optional<std::string> unrepeatable_function(const Examined& examined) {
  const auto found = std::ranges::find_if(unrepeatable, [&](auto name) { return examined.functions.contains(name); });
  if (found == unrepeatable.end()) return std::nullopt;
  return *found;
}

std::optional<std::size_t> clock_asked_at(const definition::Sql& sql, const Examined& examined) {
  const bool words = uses(examined, date_words), dates = uses(examined, date_functions);
  if (!words && !dates) return std::nullopt;
  auto tokens = definition::tokenise(sql.text);
  if (!tokens) return 0;
  std::erase_if(*tokens, [](const Token& token) { return token.is_blank(); });
  bool seen = false;  // what is used is in this text; otherwise a view has it
  for (std::size_t i = 0; i < tokens->size(); ++i) {
    const auto& token = (*tokens)[i];
    if (is_one_of(token, sql.text, date_words)) return token.begin;
    if (!is_one_of(token, sql.text, date_functions) || !is_symbol(*tokens, i + 1, sql.text, "(")) continue;
    seen = true;
    if (!Call(sql.text, *tokens, i).is_given_its_time()) return token.begin;
  }
  return seen && !words ? std::nullopt : std::optional<std::size_t>(0);
}

bool may_change_by_itself(const Examined& examined) {
  return uses(examined, unrepeatable) || uses(examined, date_functions) || uses(examined, date_words);
}

}  // namespace leat::service
