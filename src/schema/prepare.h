// schema/prepare.h — a schema as its author wrote it, made fit for the validator. Of this room only.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace leat::schema {

// The validator's names for what we check ourselves: its own regular expressions recurse over the input.
inline constexpr std::string_view pattern_keyword = "leat:pattern", format_keyword = "leat:format";

// Stands in every schema that is held against many values: where the validator stops when it has found enough.
inline constexpr std::string_view limit_keyword = "leat:limit";

// A copy in the validator's vocabulary (draft 7; of 2020-12 also $defs, dependentRequired, dependentSchemas and
// constraints beside $ref). Code::invalid with a JSON pointer and a reason for: a keyword that would silently do
// nothing, a $ref out of the document or in a circle, nesting deeper than 32, uniqueItems without a small maxItems.
Result<json::value> prepare(const json::value& schema);

// What a local reference points to; null when it points to nothing in `root`.
const json::value* resolve(const json::value& root, std::string_view reference);

// `schema`, or what it refers to when it is a $ref and nothing else.
const json::value& followed(const json::value& root, const json::value& schema);

}  // namespace leat::schema
