#include "definition/tokens.h"

#include <algorithm>
#include <array>

namespace leat::definition {
namespace {

using Kind = Token::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '$' || static_cast<unsigned char>(c) >= 0x80; }
bool is_name(char c) { return is_letter(c) || is_digit(c); }

// Reads one token at a time; `fault_` ends it.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::expected<std::vector<Token>, SqlFault> all() {
    std::vector<Token> tokens;
    while (at_ < text_.size()) {
      const std::size_t begin = at_;
      const Kind kind = next();
      if (!fault_.what.empty()) return std::unexpected(fault_);
      tokens.push_back({kind, begin, at_});
    }
    return tokens;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  template <class Is>
  void skip(Is is) {
    while (at_ < text_.size() && is(text_[at_])) ++at_;
  }

  Kind next() {
    const char c = peek();
    if (is_space(c)) return skip(is_space), Kind::space;
    if (c == '-' && peek(1) == '-') return skip([](char x) { return x != '\n'; }), Kind::comment;
    if (c == '/' && peek(1) == '*') return block_comment();
    if (c == '\'') return enclosed('\'', Kind::string, "string", "close it with '");
    if (c == '"') return enclosed('"', Kind::quoted_name, "quoted name", "close it with \"");
    if (c == '`') return enclosed('`', Kind::quoted_name, "quoted name", "close it with `");
    if (c == '[') return enclosed(']', Kind::quoted_name, "quoted name", "close it with ]");
    if ((c == 'x' || c == 'X') && peek(1) == '\'') {
      ++at_;
      return enclosed('\'', Kind::blob, "blob", "close it with '");
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == ':') return parameter();
    if (c == '?' || c == '@' || c == '$') return foreign_parameter(c);
    if (is_word(c)) return skip(is_word), Kind::word;
    if (c == ';') return ++at_, Kind::semicolon;
    return symbol();
  }

  Kind fail(std::size_t offset, std::string what, std::string fix) {
    fault_ = {offset, std::move(what), std::move(fix)};
    return Kind::symbol;
  }

  // A doubled closing mark stands for itself, except after [.
  Kind enclosed(char close, Kind kind, const char* name, const char* fix) {
    const std::size_t begin = at_++;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] != close) continue;
      ++at_;
      if (close == ']' || peek() != close) return kind;
    }
    return fail(begin, std::string("unterminated ") + name, fix);
  }

  Kind block_comment() {
    const std::size_t close = text_.find("*/", at_ + 2);
    if (close == std::string_view::npos) return fail(at_, "unterminated comment", "close it with */");
    at_ = close + 2;
    return Kind::comment;
  }

  Kind number() {
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) return skip(is_word), Kind::number;
    skip(is_digit);
    if (peek() == '.') ++at_, skip(is_digit);
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) at_ += 1 + sign;
    skip(is_word);  // "12ab" is one wrong number, which the database will name
    return Kind::number;
  }

  Kind parameter() {
    const std::size_t begin = at_++;
    if (peek() == ':') return fail(begin, "`::` is not a cast here", "write cast(value as type)");
    if (!is_letter(peek())) return fail(begin, "a colon without a name", "write a parameter as :name");
    skip(is_name);
    while (peek() == '.' && is_name(peek(1))) ++at_, skip(is_name);
    return Kind::parameter;
  }

  Kind foreign_parameter(char c) {
    return fail(at_, std::string("`") + c + "` is not how a parameter is written here", "write :name");
  }

  Kind symbol() {
    static constexpr std::array<std::string_view, 10> longer = {"->>", "->", "<=", ">=", "<>",
                                                                "!=",  "==", "||", "<<", ">>"};
    const auto rest = text_.substr(at_);
    const auto found = std::ranges::find_if(longer, [&](std::string_view s) { return rest.starts_with(s); });
    at_ += found == longer.end() ? 1 : found->size();
    return Kind::symbol;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  SqlFault fault_{};
};

}  // namespace

std::expected<std::vector<Token>, SqlFault> tokenise(std::string_view text) { return Lexer(text).all(); }

bool is_keyword(std::string_view word, std::string_view keyword) {
  return std::ranges::equal(word, keyword, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

}  // namespace leat::definition
