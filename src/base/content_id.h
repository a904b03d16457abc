// base/content_id.h — the name of a content: equal for equal bytes, different for different ones in practice.
#pragma once

#include <string>
#include <string_view>

namespace leat {

// 32 hexadecimal digits (a version 5 UUID over `content`, RFC 9562). For recognising our own files and definitions
// again, not for security.
std::string content_id(std::string_view content);

}  // namespace leat
