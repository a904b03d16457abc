// definition/tokens.h — SQL cut into tokens, as far as parameters, statements and comments need it: strings, quoted
// names and comments are recognised in every spelling SQLite knows, keywords are plain words.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace leat::definition {

struct Token {
  enum class Kind { space, comment, string, quoted_name, blob, number, word, parameter, semicolon, symbol };
  Kind kind;
  std::size_t begin, end;  // bytes in the text

  std::string_view in(std::string_view text) const { return text.substr(begin, end - begin); }
  bool is_blank() const { return kind == Kind::space || kind == Kind::comment; }
};

// What cannot be lexed, and where.
struct SqlFault {
  std::size_t offset;
  std::string what;
  std::string fix;
};

// The tokens cover the text without gaps.
std::expected<std::vector<Token>, SqlFault> tokenise(std::string_view text);

// True when `word` is the keyword, in any case. Requires: `keyword` is in lower case.
bool is_keyword(std::string_view word, std::string_view keyword);

}  // namespace leat::definition
