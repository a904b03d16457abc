#include "definition/folder.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "definition/content.h"

namespace leat::definition {
namespace {

std::string unix_lines(std::string text) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
  }
  return out;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
}

// The bytes of the character that `lead` begins, 1 when it can begin none.
std::size_t length_of(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

std::size_t first_bad_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = length_of(text[at]);
    if (!is_utf8(text.substr(at, length))) return at;
    at += length;
  }
  return text.size();
}

}  // namespace

Folder::Folder(platform::Files& files, std::string directory, Mistakes& mistakes)
    : files_(files), directory_(std::move(directory)), mistakes_(mistakes) {}

std::optional<std::string> Folder::resolve(const std::string& path, const Place& asked) {
  const auto bad = [&](const char* what, const char* fix) {
    mistakes_.error(asked, fmt::format("the path `{}` {}", path, what), fix);
    return std::nullopt;
  };
  if (path.empty()) return bad("is empty", "name a file");
  if (path.starts_with('/')) return bad("is absolute", "write it relative to this file");
  if (path.find('\\') != std::string::npos) return bad("holds a backslash", "write / between folders");
  const std::size_t slash = asked.file.rfind('/');
  const std::string whole = slash == std::string::npos ? path : asked.file.substr(0, slash + 1) + path;
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= whole.size();) {
    const std::size_t end = std::min(whole.find('/', begin), whole.size());
    const auto part = std::string_view(whole).substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && parts.empty()) return bad("leaves the system's directory", "move the file inside");
    if (part == "..") {
      parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  if (parts.empty()) return bad("names no file", "name a file");
  return fmt::format("{}", fmt::join(parts, "/"));
}

std::optional<Source> Folder::read(const std::string& name, const Place& asked) {
  auto bytes = platform::read_file(files_, directory_ + "/" + name, file_bytes_max);
  asked_for_.try_emplace(name, content_of(bytes));
  if (!bytes && bytes.error().code == Code::too_large) {
    mistakes_.error(asked, fmt::format("{} is larger than 1 MiB", name), "split it");
    return std::nullopt;
  }
  if (!bytes && bytes.error().code == Code::not_found) {
    mistakes_.error(asked, fmt::format("{} does not exist", name), "create it, or correct the name");
    return std::nullopt;
  }
  if (!bytes) {
    mistakes_.error(asked, fmt::format("{} cannot be read: {}", name, bytes.error().what));
    return std::nullopt;
  }
  Source source(name, unix_lines(*std::move(bytes)));
  if (!check_text(source)) return std::nullopt;
  return source;
}

bool Folder::check_text(const Source& source) {
  const std::string& text = source.text();
  if (!is_utf8(text)) {
    mistakes_.error(source.place(first_bad_character(text)), "this is not UTF-8", "save the file as UTF-8");
    return false;
  }
  const auto control = std::ranges::find_if(text, is_control);
  if (control == text.end()) return true;
  mistakes_.error(source.place(static_cast<std::size_t>(control - text.begin())),
                  fmt::format("a control character (0x{:02x})", static_cast<unsigned char>(*control)), "remove it");
  return false;
}

std::optional<json::value> Folder::read_json(const std::string& name, const Place& asked) {
  const auto source = read(name, asked);
  if (!source) return std::nullopt;
  auto fault = JsonFault{};
  auto value = parse_json(source->text(), {}, &fault);
  if (!value) {
    mistakes_.error(source->place(fault.offset), fault.reason, "write it as strict JSON");
    return std::nullopt;
  }
  return *std::move(value);
}

std::optional<std::vector<std::string>> Folder::list(const std::string& name) {
  auto names = files_.list(directory_ + "/" + name);
  if (!names) return std::nullopt;
  asked_for_.try_emplace(name + "/", content_of(names));
  return *std::move(names);
}

}  // namespace leat::definition
