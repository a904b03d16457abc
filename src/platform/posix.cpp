#include "platform/posix.h"

#include <system_error>

#include <fmt/format.h>

namespace leat::platform {
namespace {

Code code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EEXIST:
    case ENOTEMPTY:
      return Code::conflict;
    case EISDIR:
      return Code::invalid;
    case ENOSPC:
    case EDQUOT:
      return Code::no_space;
    case EMFILE:
    case ENFILE:
      return Code::unavailable;
    default:
      return Code::io;
  }
}

}  // namespace

Error posix_error(std::string_view what, const std::string& path, int error_number) {
  return {code_of(error_number), fmt::format("{} {}: {}", what, path, std::generic_category().message(error_number))};
}

}  // namespace leat::platform
