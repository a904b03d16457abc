#include "definition/source.h"

#include <algorithm>

namespace leat::definition {

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)), begins_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') begins_.push_back(i + 1);
  }
}

std::size_t Source::line_of(std::size_t offset) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(begins_, offset) - begins_.begin()) - 1;
}

Place Source::place(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const std::size_t line = line_of(offset);
  const auto before = std::string_view(text_).substr(begins_[line], offset - begins_[line]);
  const auto characters = std::ranges::count_if(before, [](char c) { return (c & 0xc0) != 0x80; });
  return {name_, static_cast<int>(line) + 1, static_cast<int>(characters) + 1};
}

std::string_view Source::line(std::size_t index) const {
  if (index >= begins_.size()) return {};
  const std::size_t end = index + 1 < begins_.size() ? begins_[index + 1] - 1 : text_.size();
  return std::string_view(text_).substr(begins_[index], end - begins_[index]);
}

}  // namespace leat::definition
