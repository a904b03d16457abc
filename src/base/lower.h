// base/lower.h — names compared without case, as SQL and HTTP do: ASCII letters only, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace leat {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

}  // namespace leat
