#include "http/percent.h"

#include "base/hex.h"
#include "base/json.h"

namespace leat::http {

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' && plus == Plus::is_blank ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) return fail(Code::invalid, "a '%' is not followed by two hexadecimal digits");
    if (high == 0 && low == 0) return fail(Code::invalid, "%00 is not accepted");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!is_utf8(out)) return fail(Code::invalid, "the percent-encoded bytes are not UTF-8");
  return out;
}

}  // namespace leat::http
