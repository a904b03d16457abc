// base/json.h — JSON, strictly: UTF-8, no duplicate keys, bounded depth, nothing after the document. Boost.JSON
// underneath.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/result.h"

namespace leat {

namespace json = boost::json;

struct JsonLimits {
  std::size_t depth_max = 64;
};

// Where and why a text is not JSON.
struct JsonFault {
  std::size_t offset = 0;  // bytes
  std::string reason;
};

// Code::invalid with the byte offset and the reason: syntax, invalid UTF-8, a duplicate key, nested too deep. The same
// two also go to `fault`, for who can show the place.
Result<json::value> parse_json(std::string_view text, JsonLimits limits = {}, JsonFault* fault = nullptr);

// True when `text` is exactly one JSON value in UTF-8, nested at most `depth_max` deep. Keys may repeat: only the
// syntax is looked at, and nothing is built, so it costs a fraction of parse_json().
bool is_json(std::string_view text, std::size_t depth_max = 256);

// Appends `text` as a quoted JSON string. Requires: `text` is UTF-8.
void append_json_string(std::string& out, std::string_view text);

// True when `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

}  // namespace leat
