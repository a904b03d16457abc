// definition/source.h — the text of one file and the way from a byte in it to line and column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "definition/place.h"

namespace leat::definition {

// Requires: `text` is UTF-8 with \n as the end of a line (see Folder::read).
class Source {
 public:
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }

  Place place(std::size_t offset) const;
  // Line `index` (from 0) without its \n; empty behind the last one.
  std::string_view line(std::size_t index) const;
  std::size_t line_of(std::size_t offset) const;
  std::size_t begin_of_line(std::size_t index) const { return begins_[index]; }

 private:
  std::string name_, text_;
  std::vector<std::size_t> begins_;  // of each line
};

}  // namespace leat::definition
