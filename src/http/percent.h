// http/percent.h — percent-decoding, once and strictly.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace leat::http {

enum class Plus { as_is, is_blank };  // in a query string, '+' is a blank

// Code::invalid: a '%' without two hexadecimal digits, %00, or what comes out is not UTF-8.
Result<std::string> percent_decode(std::string_view text, Plus plus = Plus::as_is);

}  // namespace leat::http
