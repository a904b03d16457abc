// service/entity_tag.h — a row's version as HTTP tells it: ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "database/statement.h"
#include "http/http.h"

namespace leat::service {

// The value of a column as a strong entity tag, quotes included; empty for NULL. Different values of a type have
// different tags; no tag has a quote or a comma inside.
std::string entity_tag(const database::Statement& row, int column);

// All that If-Match lines say, as one; nothing without such a line.
std::optional<std::string> if_match_of(const http::Headers&);

// What If-Match names. Weak tags never match (13.1.1), so they are read and forgotten.
class EntityTags {
 public:
  // `*`, or tags with commas between them; an element may be empty (5.6.1.2). Code::invalid for anything else.
  static Result<EntityTags> parse(std::string_view header);

  // A row without a tag (empty) is met by `*` alone.
  bool match(std::string_view tag) const;

 private:
  bool any_ = false;
  std::vector<std::string> strong_;  // with quotes
};

}  // namespace leat::service
