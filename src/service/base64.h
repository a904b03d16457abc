// service/base64.h — binary as text: in JSON (RFC 4648 section 4) and in page tokens (section 5, no padding).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace leat::service {

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace leat::service
