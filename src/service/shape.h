// service/shape.h — a row as JSON text, written straight from the statement's columns.
#pragma once

#include <string>
#include <vector>

#include "database/statement.h"
#include "service/plan.h"

namespace leat::service {

// A ShapePlan made ready: the punctuation and keys between values are text already, so that writing a row is one walk.
// Columns of one nested object need not stand side by side; it appears where its first column does.
class Shape {
 public:
  explicit Shape(const ShapePlan&);

  // Appends the statement's current row. Requires: a row is there, with at least the plan's columns.
  void write(std::string& out, const database::Statement& row) const;

 private:
  struct Op {
    enum class Kind { value, open, close };
    Kind kind;
    std::string before;                // what stands before the value: comma and key
    int column = 0;                    // value
    Encode encode = Encode::by_value;  // value
    std::vector<int> columns;          // open: all below it; when each is NULL the object is null
    std::size_t end = 0;               // open: its close
  };
  struct Node;
  void add(const Node&);

  std::vector<Op> ops_;
};

// Appends one column as JSON.
void write_column(std::string& out, const database::Statement& row, int column, Encode encode);

}  // namespace leat::service
