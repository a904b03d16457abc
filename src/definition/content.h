// definition/content.h — what a file of a system is recognised by, so that an edit can be told from a touch.
#pragma once

#include <string>
#include <vector>

#include "platform/files.h"

namespace leat::definition {

inline constexpr std::uint64_t file_bytes_max = 1 << 20;  // of one file; a larger one is a mistake

// Equal for equal contents, different for different ones. Whatever cannot be read counts as one content.
inline constexpr const char* content_missing = "missing";
std::string content_of(const Result<std::string>& bytes);
std::string content_of(const Result<std::vector<std::string>>& names);
// As it is now. A path that ends with a slash is a folder: its list of names.
std::string content_of(platform::Files&, const std::string& path);

}  // namespace leat::definition
