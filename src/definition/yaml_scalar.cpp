#include "definition/yaml_scalar.h"

#include <algorithm>
#include <string_view>

namespace leat::definition {
namespace {

using Style = Node::Style;

Style style_at(char first) {
  if (first == '\'') return Style::single_quoted;
  if (first == '"') return Style::double_quoted;
  if (first == '|') return Style::literal;
  return first == '>' ? Style::folded : Style::plain;
}

// The offset of the closing quote, or npos.
std::size_t closing_quote(std::string_view text, std::size_t at, Style style) {
  const char quote = style == Style::single_quoted ? '\'' : '"';
  while (++at < text.size()) {
    if (style == Style::double_quoted && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (style == Style::double_quoted || at + 1 == text.size() || text[at + 1] != '\'') return at;
      ++at;
    }
  }
  return std::string_view::npos;
}

void locate_one_line(const Source& source, std::size_t begin, Node& node) {
  const auto text = std::string_view(source.text());
  node.exact = text.substr(begin, node.text.size()) == node.text && node.text.find('\n') == std::string::npos;
  const Place place = source.place(begin);
  node.line_starts = {{place.line, place.column}};
}

bool comment_follows(std::string_view text, std::size_t end) {
  const auto next = text.find_first_not_of(' ', end);
  return next != std::string_view::npos && next > end && text[next] == '#';
}

// A block's value is the file's lines with the same number of spaces taken from each: lines them up and checks it.
void locate_block(const Source& source, std::size_t offset, Node& node) {
  const std::size_t header = source.line_of(offset);
  const auto value = std::string_view(node.text);
  std::size_t indent = std::string_view::npos;
  node.exact = true;
  std::size_t line = header + 1;
  for (std::size_t at = 0; at < value.size(); ++line) {
    const std::size_t end = std::min(value.find('\n', at), value.size());
    const auto mine = value.substr(at, end - at), raw = source.line(line);
    if (indent == std::string_view::npos && !mine.empty()) indent = raw.size() - std::min(mine.size(), raw.size());
    const std::size_t cut = std::min(raw.size(), indent == std::string_view::npos ? raw.size() : indent);
    node.exact = node.exact && raw.substr(cut) == mine;
    node.line_starts.emplace_back(static_cast<int>(line) + 1, static_cast<int>(cut) + 1);
    at = end + 1;
  }
  // Behind the last \n there is one more, empty line.
  const auto last = static_cast<int>(source.line(line).size());
  node.line_starts.emplace_back(static_cast<int>(line) + 1, std::min(last, static_cast<int>(indent)) + 1);
}

}  // namespace

bool locate_scalar(const Source& source, std::size_t offset, Node& node) {
  const auto text = std::string_view(source.text());
  node.style = style_at(offset < text.size() ? text[offset] : ' ');
  switch (node.style) {
    case Style::plain:
      locate_one_line(source, offset, node);
      node.comment_follows = comment_follows(text, offset + node.text.size());
      return true;
    case Style::single_quoted:
    case Style::double_quoted: {
      const std::size_t close = closing_quote(text, offset, node.style);
      if (close == std::string_view::npos) return false;
      locate_one_line(source, offset + 1, node);
      node.exact = node.exact && close == offset + 1 + node.text.size();
      return true;
    }
    case Style::literal:
    case Style::folded:
      locate_block(source, offset, node);
      return true;
  }
  return true;
}

}  // namespace leat::definition
