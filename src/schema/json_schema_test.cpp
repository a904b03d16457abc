#include "schema/json_schema.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leat::schema {
namespace {

std::shared_ptr<const JsonSchema> compiled(std::string_view text) {
  auto schema = JsonSchema::compile(*parse_json(text), "test");
  EXPECT_TRUE(schema) << text << "\n" << schema.error().what;
  return *schema;
}

std::string told(const std::vector<Violation>& violations) {
  std::string out;
  for (const auto& [pointer, message] : violations)
    out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", pointer, message);
  return out;
}

constexpr std::string_view user = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.org/user", "title": "A user",
  "type": "object", "required": ["username", "email"], "additionalProperties": false,
  "properties": {
    "username": {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[a-z_]*$"},
    "email": {"type": "string", "format": "email"},
    "age": {"type": ["integer", "null"], "minimum": 0, "exclusiveMaximum": 150},
    "role": {"enum": ["admin", "reader", 7]},
    "tags": {"type": "array", "maxItems": 2, "uniqueItems": true, "items": {"type": "string"}},
    "address": {"$ref": "#/$defs/address"},
    "photo": {"type": "string", "contentEncoding": "base64"},
    "at": {"format": "date-time", "type": "string"}
  },
  "$defs": {"address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}}
})";

TEST(JsonSchema, SaysWhatIsWrongAndWhatWouldBeRight) {
  const auto schema = compiled(user);
  struct Case {
    const char *value, *violations;
  };
  for (const auto& [value, violations] : {
           Case{R"({"username":"cat","email":"a@b.c"})", ""},
           Case{R"({"username":"cat","email":"a@b.c","age":null,"role":7,"tags":["x"],"address":{"city":"Ulm"}})", ""},
           Case{"{}", "/email: is missing; /username: is missing"},
           Case{"7", ": must be an object"},
           Case{R"({"username":"","email":"a@b.c"})", "/username: must have at least 1 character"},
           Case{R"({"username":"CAT","email":"a@b.c"})", "/username: must match the pattern ^[a-z_]*$"},
           Case{R"({"username":3,"email":null})", "/email: must be a string; /username: must be a string"},
           Case{R"({"username":"cat","email":"nobody"})", "/email: must be an e-mail address"},
           Case{R"({"username":"c","email":"a@b","x":1,"y":2})",
                "/x: is not a known attribute; /y: is not a known attribute"},
           Case{R"({"username":"c","email":"a@b","age":-1})", "/age: must be at least 0"},
           Case{R"({"username":"c","email":"a@b","age":150})", "/age: must be less than 150"},
           Case{R"({"username":"c","email":"a@b","age":1.5})", "/age: must be an integer or null"},
           Case{R"({"username":"c","email":"a@b","role":"x"})", R"(/role: must be one of "admin", "reader", 7)"},
           Case{R"({"username":"c","email":"a@b","tags":["a","b","c"]})", "/tags: must have at most 2 items"},
           Case{R"({"username":"c","email":"a@b","tags":["a",1]})", "/tags/1: must be a string"},
           Case{R"({"username":"c","email":"a@b","address":{}})", "/address/city: is missing"},
           Case{R"({"username":"c","email":"a@b","address":{"city":1}})", "/address/city: must be a string"},
           Case{R"({"username":"c","email":"a@b","at":"2026-02-29T00:00:00Z"})",
                "/at: must be a time as RFC 3339 has it, like 2026-11-21T23:51:24.000Z"},
       })
    EXPECT_EQ(told(schema->validate(*parse_json(value))), violations) << value;
}

TEST(JsonSchema, UnderstandsEachKeywordItAccepts) {
  struct Case {
    const char *schema, *valid, *invalid, *violation;
  };
  for (const auto& [schema, valid, invalid, violation] : {
           Case{R"({"const":{"a":[1]}})", R"({"a":[1]})", R"({"a":[2]})", R"(: must be {"a":[1]})"},
           Case{R"({"multipleOf":5})", "10", "11", ": must be a multiple of 5"},
           Case{R"({"maximum":9007199254740993})", "1", "9007199254740999", ": must be at most 9007199254740993"},
           Case{R"({"contains":{"type":"null"}})", "[1,null]", "[1]", ": must contain an item as the schema asks"},
           Case{R"({"not":{"type":"null"}})", "1", "null", ": is what the schema excludes"},
           Case{R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "null", "1",
                ": must match one of the permitted forms"},
           Case{R"({"oneOf":[{"type":"integer"},{"minimum":3}]})", "1", "4",
                ": must match exactly one of the permitted forms"},
           Case{R"({"allOf":[{"minimum":1},{"maximum":3}]})", "2", "4", ": is too large"},
           Case{R"({"dependentRequired":{"a":["b"]}})", R"({"a":1,"b":1})", R"({"a":1})",
                "/b: is missing; another attribute needs it"},
           Case{R"({"properties":{"a":{"$ref":"#/$defs/n","minimum":3}},"$defs":{"n":{"type":"integer"}}})",
                R"({"a":3})", R"({"a":2})", "/a: must be at least 3"},
           Case{R"({"properties":{"kids":{"type":"array","items":{"$ref":"#"}}},"required":["name"]})",
                R"({"name":1,"kids":[{"name":2}]})", R"({"name":1,"kids":[{}]})", "/kids/0/name: is missing"},
           Case{R"({"properties":{"format":{"type":"string"},"pattern":{"type":"integer"}}})",
                R"({"format":"x","pattern":1})", R"({"pattern":"x"})", "/pattern: must be an integer"},
           Case{R"({"properties":{"a":false}})", R"({"b":1})", R"({"a":1})", ": is not what the schema permits"},
           Case{R"({"properties":{"a/b~c":{"type":"null"}}})", "{}", R"({"a/b~c":1})", "/a~1b~0c: must be null"},
       }) {
    SCOPED_TRACE(schema);
    const auto made = compiled(schema);
    EXPECT_EQ(told(made->validate(*parse_json(valid))), "");
    EXPECT_EQ(told(made->validate(*parse_json(invalid))), violation);
  }
}

TEST(JsonSchema, RefusesWhatWouldSilentlyDoNothingOrNeverEnd) {
  std::string deep = "{}";
  for (int i = 0; i < 40; ++i) deep = R"({"not":)" + deep + "}";
  struct Case {
    std::string schema, what;
  };
  for (const auto& [schema, what] : {
           Case{"7", "test: /: is not a schema; an object, true or false would be"},
           Case{R"({"requierd":["a"]})", "test: /: 'requierd' is not a keyword that is understood here"},
           Case{R"({"properties":{"a":{"typ":"x"}}})",
                "test: /properties/a: 'typ' is not a keyword that is understood here"},
           Case{R"({"$ref":"https://example.org/x"})",
                "test: /: 'https://example.org/x' refers to nothing in this schema; only '#/...' can be referred to"},
           Case{R"({"$ref":"#/$defs/x"})",
                "test: /: '#/$defs/x' refers to nothing in this schema; only '#/...' can be referred to"},
           Case{R"({"$ref":"#"})", "test: /: '#' refers to itself in a circle"},
           Case{R"({"allOf":[{"anyOf":[{"$ref":"#"}]}]})", "test: /allOf/0/anyOf/0: '#' refers to itself in a circle"},
           Case{R"({"uniqueItems":true})", "test: /: uniqueItems needs a maxItems of at most 1000 beside it"},
           Case{R"({"pattern":"("})", "test: the pattern ( is not a regular expression: missing ): ("},
           Case{R"({"properties":7})", "test: /properties: must map names to schemas"},
       }) {
    const auto made = JsonSchema::compile(*parse_json(schema), "test");
    ASSERT_FALSE(made) << schema;
    EXPECT_EQ(made.error().code, Code::invalid);
    EXPECT_EQ(made.error().what, what);
  }
  for (const std::string_view schema : {std::string_view(deep), std::string_view(R"({"type":"strin"})"),
                                        std::string_view(R"({"minimum":"x"})"), std::string_view(R"({"required":7})")})
    EXPECT_FALSE(JsonSchema::compile(*parse_json(schema), "test")) << schema;
}

TEST(JsonSchema, EndsAPatternOverALongTextInGoodTime) {
  const auto schema = compiled(R"({"pattern":"^(a|b|ab)*c$"})");
  EXPECT_EQ(schema->validate(json::value(std::string(1'000'000, 'a'))).size(), 1u);
}

// A body may be wrong in as many places as it has bytes; an answer is not as long as that.
TEST(JsonSchema, StopsAfterAHundredFindingsAndSaysSo) {
  const auto many = [](const char* schema, const json::value& value) { return compiled(schema)->validate(value); };
  constexpr const char* more = "more is wrong than is told here";
  const json::array numbers(200'000, json::value(1));
  json::object unknown;
  for (int i = 0; i < 20'000; ++i) unknown[fmt::format("n{}", i)] = i;
  for (const auto& [schema, value] : std::initializer_list<std::pair<const char*, json::value>>{
           {R"({"items":{"type":"string"}})", numbers},
           {R"({"items":{"anyOf":[{"type":"string"},{"type":"null"}]}})", numbers},
           {R"({"items":{"$ref":"#/$defs/text"},"$defs":{"text":{"type":"string"}}})", numbers},
           {R"({"additionalProperties":{"type":"string"}})", unknown},
           {R"({"additionalProperties":false,"properties":{"a":{}}})", unknown}}) {
    SCOPED_TRACE(schema);
    const auto violations = many(schema, value);
    EXPECT_EQ(violations.size(), 101u);
    EXPECT_EQ(violations.back().message, more);
  }
  const auto few = many(R"({"items":{"type":"string"}})", json::array(99, json::value(1)));
  EXPECT_EQ(few.size(), 99u);
  EXPECT_NE(few.back().message, more);
}

TEST(JsonSchema, TellsWhatItNames) {
  const auto schema = compiled(user);
  EXPECT_TRUE(schema->closed());
  ASSERT_EQ(schema->attributes().size(), 8u);
  EXPECT_EQ(schema->attributes()[0].name, "username");
  EXPECT_TRUE(schema->attribute("email")->required);
  EXPECT_EQ(schema->attribute("email")->format, "email");
  EXPECT_FALSE(schema->attribute("age")->required);
  EXPECT_TRUE(schema->attribute("age")->allows(Type::null));
  EXPECT_FALSE(schema->attribute("age")->allows(Type::string));
  EXPECT_TRUE(schema->attribute("role")->allows(Type::integer));
  EXPECT_TRUE(schema->attribute("address")->allows(Type::object));
  EXPECT_EQ(schema->attribute("photo")->content_encoding, "base64");
  EXPECT_EQ(schema->attribute("nobody"), nullptr);
  EXPECT_FALSE(compiled(R"({"properties":{"a":{}}})")->closed());
  EXPECT_TRUE(compiled(R"({"properties":{"a":{}}})")->attribute("a")->allows(Type::array));
}

TEST(JsonSchema, TellsWhatItNamesOfWhatLiesDeeper) {
  const auto schema = compiled(R"({
      "properties": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}}}},
      "allOf": [{"properties": {"c": {"properties": {"d": {"type": "string"}}}}}],
      "$defs": {"b": {"required": ["x"], "additionalProperties": false, "properties": {"x": {"type": "boolean"}}}}})");
  const auto outline = [&](std::vector<std::string> path) { return schema->outline(path); };
  ASSERT_TRUE(outline({}));
  EXPECT_EQ(outline({})->attributes.size(), 2u);
  ASSERT_TRUE(outline({"a", "b"}));
  EXPECT_TRUE(outline({"a", "b"})->closed);
  ASSERT_EQ(outline({"a", "b"})->attributes.size(), 1u);
  EXPECT_TRUE(outline({"a", "b"})->attributes[0].required);
  EXPECT_TRUE(outline({"a", "b"})->attributes[0].allows(Type::boolean));
  EXPECT_EQ(outline({"c"})->attributes.size(), 1u);
  EXPECT_TRUE(outline({"c", "d"})->attributes.empty());
  EXPECT_FALSE(outline({"a", "z"}));
  EXPECT_FALSE(outline({"z"}));
}

}  // namespace
}  // namespace leat::schema
