// definition/place.h — where something stands, and what is wrong there.
#pragma once

#include <compare>
#include <string>
#include <vector>

namespace leat::definition {

struct Place {
  std::string file;
  int line = 0;    // from 1
  int column = 0;  // from 1, in characters
  auto operator<=>(const Place&) const = default;
};

enum class Severity { warning, error };

// One line for people: "social.yaml:12:7: what is wrong; what would be right".
struct Mistake {
  Place place;
  Severity severity = Severity::error;
  std::string what;
  std::string fix;  // what would be right; may be empty
  std::string text() const;
};

// Collects, so that all mistakes are told at once.
class Mistakes {
 public:
  void error(Place place, std::string what, std::string fix = {}) {
    list_.push_back({std::move(place), Severity::error, std::move(what), std::move(fix)});
  }
  void warning(Place place, std::string what, std::string fix = {}) {
    list_.push_back({std::move(place), Severity::warning, std::move(what), std::move(fix)});
  }
  bool any_errors() const;
  // In order of file, line, column, without repeats.
  std::vector<Mistake> sorted() const;

 private:
  std::vector<Mistake> list_;
};

}  // namespace leat::definition
