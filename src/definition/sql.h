// definition/sql.h — SQL as written in a definition: its text, its parameters, and the way back to the file.
//
// The text is lexed by us (strings, quoted names and comments respected) so that `:a.b` can be a parameter and the same
// text can serve another database: parameters are bound by number, in order of first appearance.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "definition/place.h"

namespace leat::definition {

struct Parameter {
  std::string name;      // without the colon: "id", "order.id", "event.time"
  std::size_t position;  // byte offset of its first appearance in `text`
};

struct Sql {
  std::string text;                                         // as written
  std::string numbered;                                     // parameters replaced by ?1, ?2, ...: what is prepared
  std::vector<Parameter> parameters;                        // ?1 is parameters[0]
  std::vector<std::pair<std::size_t, std::size_t>> shifts;  // (offset in `numbered`, offset in `text`), ascending

  // Where each line of `text` begins in the file (a YAML block is indented).
  std::string file;
  std::vector<std::pair<int, int>> line_starts;  // (line, column) of the first character of each line of `text`

  bool empty() const { return text.empty(); }
  Place place(std::size_t offset_in_text = 0) const;
  Place place_of_numbered(std::size_t offset_in_numbered) const;  // for errors of the database
};

// Fills `numbered`, `parameters` and `shifts` from `text`. Code::invalid with the offset for an unterminated string or
// comment, or a parameter written ?, @a or $a.
Result<> lex(Sql&);

// Splits at semicolons outside strings, comments and trigger bodies; places go along. Empty statements are dropped.
std::vector<Sql> split(const Sql& script);

// The statement without comments and with white space folded outside strings: equal for two texts that mean the same.
std::string normalised(const Sql&);

}  // namespace leat::definition
