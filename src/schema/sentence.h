// schema/sentence.h — what the validator says, in sentences that tell what would be right. Of this room only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/json_schema.h"

namespace leat::schema {

// One thing the validator has said: `path` are the names and indexes that lead to the value.
struct Finding {
  std::vector<std::string> path;
  std::string text;
};

// Nobody reads more, and a body may be wrong in a hundred thousand places. The validator says several things about one.
inline constexpr std::size_t violations_max = 100, findings_max = 10 * violations_max;

// `schema` as its author wrote it: the limits are taken from there. Nothing is said twice; of alternatives (anyOf,
// oneOf) only that none fits. In order of pointers, at most violations_max; behind them, when `all` is false or there
// were more, that there are more.
std::vector<Violation> sentences(const json::value& schema, const json::value& value,
                                 const std::vector<Finding>& findings, bool all);

// "a string", "an integer or null"
std::string in_words(unsigned types);

// The set of Type that a "type" keyword names.
unsigned types_in(const json::value& keyword);

}  // namespace leat::schema
