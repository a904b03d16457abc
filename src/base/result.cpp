#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace leat {

std::string_view name(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::not_found:
      return "not found";
    case Code::conflict:
      return "conflict";
    case Code::fenced:
      return "fenced";
    case Code::history_lost:
      return "history lost";
    case Code::corrupt:
      return "corrupt";
    case Code::too_large:
      return "too large";
    case Code::no_space:
      return "no space";
    case Code::unavailable:
      return "unavailable";
    case Code::timeout:
      return "timeout";
    case Code::cancelled:
      return "cancelled";
    case Code::io:
      return "io";
  }
  return "unknown";
}

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace leat
