// http/query_string.h — what stands behind the '?'.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace leat::http {

struct Target {
  std::string_view path;
  std::string_view query;  // without the '?'
};

// Cuts a request's target at its first '?'.
Target split_target(std::string_view target);

// The pairs of a query string, decoded, in the order in which they were sent. A name without '=' has an empty value.
class QueryString {
 public:
  // Code::invalid names the pair that is wrongly encoded.
  static Result<QueryString> parse(std::string_view query);

  const std::vector<std::pair<std::string, std::string>>& all() const { return pairs_; }
  std::optional<std::string_view> get(std::string_view name) const;  // the first one
  std::optional<std::string_view> repeated() const;                  // a name that was sent twice, if there is one

 private:
  Result<> add(std::string_view pair);

  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace leat::http
