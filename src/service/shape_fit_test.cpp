// The schema decides how a column leaves, and what cannot be is told before anything runs.
#include "service/shape_fit.h"

#include <gmock/gmock.h>

#include "service/test_plan.h"

namespace leat::service {
namespace {

using testing::ElementsAre;

std::string fitted(const std::string& column, const std::string& declared, const std::string& attribute) {
  auto plan = shape({column});
  const auto schema = json_schema(R"({"type":"object","properties":{"a":)" + attribute + "}}");
  definition::Mistakes mistakes;
  fit_shape(plan, {{column, declared}}, *schema, {"it.json", "it"}, {"s.yaml", 1, 1}, mistakes);
  const auto all = mistakes.sorted();
  if (!all.empty()) return all.front().what;
  switch (plan.columns[0].encode) {
    case Encode::by_value:
      return "by value";
    case Encode::boolean:
      return "boolean";
    case Encode::json:
      return "json";
    case Encode::base64:
      return "base64";
    case Encode::text:
      return "text";
  }
  return "";
}

TEST(ShapeFit, DecidesHowAColumnLeaves) {
  struct Case {
    const char *declared, *attribute, *expected;
  };
  for (const auto& [declared, attribute, expected] : {
           Case{"integer", R"({"type":"integer"})", "by value"},
           Case{"integer", R"({"type":"boolean"})", "boolean"},
           Case{"bigint", R"({"type":"string"})", "text"},
           Case{"integer", R"({"type":"array"})", "it.json wants `a` as array, and the column is declared integer"},
           Case{"integer", R"({"type":"string","contentEncoding":"base64"})",
                "it.json wants `a` as base64, and the column is declared integer"},
           Case{"real", R"({"type":["number","null"]})", "by value"},
           Case{"real", R"({"type":"boolean"})", "it.json wants `a` as boolean, and the column is declared real"},
           Case{"text", R"({"type":"string"})", "text"},
           Case{"text", R"({"type":"array"})", "json"},
           Case{"text", R"({"type":"object"})", "json"},
           Case{"varchar(20)", R"({"type":["integer","null"]})",
                "it.json wants `a` as null or integer, and the column is declared varchar(20)"},
           Case{"text", R"({"type":"boolean"})", "it.json wants `a` as boolean, and the column is declared text"},
           Case{"blob", R"({"type":"string","contentEncoding":"base64"})", "base64"},
           Case{"blob", R"({"type":"string"})", "it.json wants `a` as string, and the column is declared blob"},
           Case{"json", R"({"type":"array"})", "json"},
           Case{"boolean", R"({"type":"integer"})", "by value"},
           Case{"date", R"({"type":"string"})", "text"},
           Case{"", R"({"type":"array"})", "json"},
           Case{"text", "{}", "by value"},
       }) {
    SCOPED_TRACE(std::string(declared) + " as " + attribute);
    EXPECT_EQ(fitted("a", declared, attribute), expected);
  }
}

TEST(ShapeFit, LooksIntoObjects) {
  auto plan = shape({"id", "author.id", "author.verified", "author.town.tags", "free.form"});
  const std::vector<ColumnFacts> facts = {{"id", "integer"},
                                          {"author.id", "integer"},
                                          {"author.verified", ""},
                                          {"author.town.tags", ""},
                                          {"free.form", ""}};
  const auto schema = json_schema(R"({
      "required": ["id"],
      "properties": {
        "id": {"type": "integer"},
        "free": {},
        "author": {
          "type": ["object", "null"], "additionalProperties": false, "required": ["id", "name"],
          "allOf": [{"required": ["name"]}],
          "properties": {"id": {"type": "string"}, "verified": {"type": "boolean"}, "town": {"$ref": "#/$defs/town"}}}},
      "$defs": {"town": {"allOf": [{"properties": {"tags": {"type": "array"}}}], "additionalProperties": false}}})");
  definition::Mistakes mistakes;
  fit_shape(plan, facts, *schema, {"it.json", "it"}, {"s.yaml", 1, 1}, mistakes);
  EXPECT_EQ(plan.columns[1].encode, Encode::text);
  EXPECT_EQ(plan.columns[2].encode, Encode::boolean);
  EXPECT_EQ(plan.columns[3].encode, Encode::json);
  std::vector<std::string> lines;
  for (const auto& mistake : mistakes.sorted()) lines.push_back(mistake.what + "; " + mistake.fix);
  EXPECT_THAT(lines,
              ElementsAre("it.json requires `author.name`, which no column gives; return a column `author.name`"));
}

TEST(ShapeFit, TellsOfAValueWhereAnObjectStandsAndTheOtherWay) {
  EXPECT_EQ(fitted("a.b", "", R"({"type":"array"})"), "it.json wants `a` as array, and it is an object here");
  EXPECT_EQ(fitted("a.b", "", R"({"type":"object","additionalProperties":false})"), "it.json has no attribute `a.b`");
  EXPECT_EQ(fitted("a", "integer", R"({"type":"object"})"),
            "it.json wants `a` as object, and the column is declared integer");
}

TEST(ShapeFit, WarnsOfNullOnRequest) {
  struct Case {
    const char *name, *attribute;
    ColumnFacts column;
    std::size_t warnings;
  };
  for (const auto& [name, attribute, column, warnings] : {
           Case{"may be NULL", R"({"type":"integer"})", {"a", "integer", false, false, "t"}, 1},
           Case{"NULL is allowed", R"({"type":["integer","null"]})", {"a", "integer", false, false, "t"}, 0},
           Case{"not null", R"({"type":"integer"})", {"a", "integer", false, true, "t"}, 0},
           Case{"a key", R"({"type":"integer"})", {"a", "integer", true, false, "t"}, 0},
           Case{"an expression", R"({"type":"integer"})", {"a", "", false, false, ""}, 0},
       }) {
    SCOPED_TRACE(name);
    auto plan = shape({"a"});
    const auto schema = json_schema(std::string(R"({"properties":{"a":)") + attribute + "}}");
    for (const bool asked : {false, true}) {
      definition::Mistakes mistakes;
      fit_shape(plan, {column}, *schema, {"it.json", "it", asked}, {"s.yaml", 1, 1}, mistakes);
      EXPECT_EQ(mistakes.sorted().size(), asked ? warnings : 0);
      EXPECT_FALSE(mistakes.any_errors());
    }
  }
}

}  // namespace
}  // namespace leat::service
