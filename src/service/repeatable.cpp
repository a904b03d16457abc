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

bool asks_the_clock(const definition::Sql& sql, const Examined& examined) {
  const auto tokens = definition::tokenise(sql.text);
  if (!tokens) return false;
  const bool dates = uses(examined, date_functions);
  return std::ranges::any_of(*tokens, [&](const definition::Token& token) {
    const auto text = token.in(sql.text);
    if (token.kind == definition::Token::Kind::word)
      return std::ranges::any_of(date_words, [&](auto word) { return definition::is_keyword(text, word); });
    return dates && token.kind == definition::Token::Kind::string && text == "'now'";
  });
}

bool may_change_by_itself(const Examined& examined) {
  return uses(examined, unrepeatable) || uses(examined, date_functions) || uses(examined, date_words);
}

}  // namespace leat::service
