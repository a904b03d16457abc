#include "service/entity_tag.h"

#include <algorithm>

#include <fmt/format.h>

#include "service/base64.h"

namespace leat::service {
namespace {

bool is_plain(char c) {
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || std::string_view("-._~:+/=@").find(c) != std::string_view::npos;
}

// What may stand in a tag as it is does; the rest as %20.
std::string escaped(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (is_plain(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

std::string_view next_element(std::string_view text) {
  for (text = without_blanks(text); text.starts_with(','); text = without_blanks(text)) text.remove_prefix(1);
  return text;
}

bool is_tag_character(char c) { return c != '"' && static_cast<unsigned char>(c) > ' ' && c != 0x7f; }

Error no_tags() { return {Code::invalid, "it is neither * nor a list of tags in double quotes, as ETag tells them"}; }

}  // namespace

std::string entity_tag(const database::Statement& row, int column) {
  switch (row.type(column)) {
    case database::Type::null:
      return {};
    case database::Type::integer:
    case database::Type::real:
    case database::Type::text:
      return '"' + escaped(row.text(column)) + '"';
    case database::Type::blob:
      return '"' + to_base64(row.blob(column)) + '"';
  }
  return {};
}

std::optional<std::string> if_match_of(const http::Headers& headers) {
  std::optional<std::string> out;
  for (const auto& [name, value] : headers.all())
    if (http::same_name(name, "If-Match")) out = out ? *out + ", " + value : value;
  return out;
}

Result<EntityTags> EntityTags::parse(std::string_view header) {
  EntityTags out;
  auto left = without_blanks(header);
  if (left.starts_with('*') && without_blanks(left.substr(1)).empty()) {
    out.any_ = true;
    return out;
  }
  bool some = false;
  for (left = next_element(left); !left.empty(); left = next_element(left)) {
    const bool weak = left.starts_with("W/");
    if (weak) left.remove_prefix(2);
    if (!left.starts_with('"')) return fail(no_tags());
    const auto end = left.find('"', 1);
    if (end == std::string_view::npos || !std::ranges::all_of(left.substr(1, end - 1), is_tag_character))
      return fail(no_tags());
    if (!weak) out.strong_.emplace_back(left.substr(0, end + 1));
    some = true;
    left = without_blanks(left.substr(end + 1));
    if (!left.empty() && left.front() != ',') return fail(no_tags());
  }
  if (!some) return fail(no_tags());
  return out;
}

bool EntityTags::match(std::string_view tag) const {
  return any_ || (!tag.empty() && std::ranges::find(strong_, tag) != strong_.end());
}

}  // namespace leat::service
