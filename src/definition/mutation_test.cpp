// Whatever a file holds, reading it ends, and every mistake has a place in a file that was read.
#include <random>

#include <gtest/gtest.h>

#include "definition/test_system.h"

namespace leat::definition {
namespace {

using testing::TestSystem;

const std::string whole = R"(service: s
state: s.sql
topics:
  things: {key: id, events: [a.made], partitions: 2, retention: {time: 7d}}
read_models:
  r:
    tables: |
      create table a (id integer primary key);
    when:
      a.made: insert into a values (:id, 'é')
    forgets: true
commands:
  POST /things/{id:integer}:
    body: body.json
    let: {hash: upper(:x)}
    require: {403 no: "select 1"}
    if_match: {select: select 1, required: true}
    do:
      - one: |-
          insert into t values (:id) returning id
      - select 2 # cut
    emit: [a.made, {a.made: select 1}]
    answer: {select: select 1, schema: body.json}
queries:
  GET /things:
    many: select 1 as id
    order: id desc
    limit: {default: 5, max: 7}
    query: {from: integer, name: {type: text, default: x}}
)";

// One to four edits: a piece of YAML put in, a stretch cut out or said twice, a byte changed.
std::string mutated(std::string text, std::mt19937& chance) {
  static const std::vector<std::string> parts = {"\n", " ",    "  ", ":",     ": ",  "- ",  "{",  "}",    "[",
                                                 "]",  ",",    "'",  "\"",    "|\n", ">\n", "#",  " #",   "&a ",
                                                 "*a", "!t ",  "? ", "---\n", "%",   "@",   "\t", "\r\n", "\\",
                                                 "é",  "\xff", "~",  "null",  ";",   "(",   ":x", "/*"};
  for (auto edits = 1 + chance() % 4; edits > 0; --edits) {
    const std::size_t at = chance() % (text.size() + 1), length = chance() % 12;
    const auto kind = chance() % 4;
    if (kind == 0) text.insert(at, parts[chance() % parts.size()]);
    if (kind == 1) text.erase(at, length);
    if (kind == 2) text.insert(at, text.substr(at, length * 4));
    if (kind == 3 && at < text.size()) text[at] = static_cast<char>(chance());
  }
  return text;
}

TEST(MutatedFiles, AreReadToTheEndWithPlaces) {
  int wrong = 0;
  TestSystem test;
  for (std::uint32_t seed = 0; seed < 1'500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    const std::string text = mutated(whole, chance);
    test.put("s.yaml", text);
    test.load();
    const auto lines = std::ranges::count(text, '\n') + 1;
    for (const Mistake& mistake : test.mistakes.sorted()) {
      ASSERT_FALSE(mistake.what.empty());
      ASSERT_GE(mistake.place.column, 1) << mistake.text();
      ASSERT_GE(mistake.place.line, 1) << mistake.text();
      if (mistake.place.file == "s.yaml") ASSERT_LE(mistake.place.line, lines) << mistake.text();
    }
    wrong += test.mistakes.any_errors() ? 1 : 0;
  }
  EXPECT_GT(wrong, 750);
}

}  // namespace
}  // namespace leat::definition
