#include "service/shape.h"

#include "database/scratch.h"
#include "service/test_plan.h"

namespace leat::service {
namespace {

TEST(Shape, ARowIsJson) {
  struct Case {
    const char* select;
    std::vector<std::string> columns;
    const char* expected;
  };
  for (const auto& [select, columns, expected] : {
           Case{"select 1", {"id"}, R"({"id":1})"},
           Case{"select 1.5, 2.0, 1e300", {"a", "b", "c"}, R"({"a":1.5,"b":2,"c":1e+300})"},
           Case{"select 9e999", {"a"}, R"({"a":null})"},
           Case{"select 'a\"b' || char(10), null", {"a", "b"}, R"({"a":"a\"b\n","b":null})"},
           Case{"select 5, 1, 'x'", {"id", "author.id", "author.name"}, R"({"id":5,"author":{"id":1,"name":"x"}})"},
           Case{"select 5, null, null", {"id", "author.id", "author.name"}, R"({"id":5,"author":null})"},
           Case{"select 5, null, 'x'",
                {"id", "author.id", "author.name"},
                R"({"id":5,"author":{"id":null,"name":"x"}})"},
           Case{"select null, 1", {"a.b.c", "d"}, R"({"a":null,"d":1})"},
           Case{"select 1, null", {"a.x", "a.b.c"}, R"({"a":{"x":1,"b":null}})"},
           Case{"select 1, 2, 3", {"a.x", "b", "a.y"}, R"({"a":{"x":1,"y":3},"b":2})"},
           Case{"select 1, 0, null", {"a:boolean", "b:boolean", "c:boolean"}, R"({"a":true,"b":false,"c":null})"},
           Case{"select '[1,2]', null", {"a:json", "b:json"}, R"({"a":[1,2],"b":null})"},
           Case{"select '1,\"admin\":true'", {"a:json"}, R"({"a":"1,\"admin\":true"})"},
           Case{"select '{}}', '', '[1', 'word'",
                {"a:json", "b:json", "c:json", "d:json"},
                R"({"a":"{}}","b":"","c":"[1","d":"word"})"},
           Case{"select ' {\"a\": [null]}', 5, 1.5, 9e999, x'5b5d', x'ff'",
                {"a:json", "b:json", "c:json", "d:json", "e:json", "f:json"},
                R"({"a": {"a": [null]},"b":5,"c":1.5,"d":null,"e":"W10=","f":"/w=="})"},
           Case{"select x'0001', x'ff'", {"a:base64", "b"}, R"({"a":"AAE=","b":"/w=="})"},
           Case{"select 9007199254740993", {"a:text"}, R"({"a":"9007199254740993"})"},
           Case{"select cast(x'ff' as text)", {"a"}, R"({"a":"/w=="})"},
       }) {
    SCOPED_TRACE(select);
    auto database = database::in_memory();
    auto statement = *database.prepare(select);
    ASSERT_TRUE(*statement.step());
    std::string out;
    Shape(shape(columns)).write(out, statement);
    EXPECT_EQ(out, expected);
    EXPECT_TRUE(parse_json(out));
  }
}

}  // namespace
}  // namespace leat::service
