#include "http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/percent.h"
#include "http/query_string.h"

namespace leat::http {
namespace {

Router router() {
  Router out;
  for (const auto& [method, path] : std::initializer_list<std::pair<const char*, const char*>>{
           {"GET", "/"},
           {"GET", "/posts/{id:integer}"},
           {"DELETE", "/posts/{id:integer}"},
           {"GET", "/posts/latest"},
           {"POST", "/posts"},
           {"GET", "/posts/{id}/likes"},
           {"GET", "/posts/latest/{kind}/x"},
           {"PUT", "/posts/latest"},
           {"GET", "/grüße/{a}/{b}"},
       }) {
    EXPECT_TRUE(out.add(method, path)) << path;
  }
  return out;
}

TEST(Router, FindsTheRouteAndItsParameters) {
  const Router routes = router();
  struct Case {
    const char* method;
    const char* path;
    const char* path_template;
    Parameters parameters;
  };
  for (const auto& [method, path, expected, parameters] : std::initializer_list<Case>{
           {"GET", "/", "/", {}},
           {"GET", "/posts/5", "/posts/{id:integer}", {"5"}},
           {"HEAD", "/posts/5", "/posts/{id:integer}", {"5"}},
           {"GET", "/posts/latest", "/posts/latest", {}},
           {"GET", "/posts/l%61test", "/posts/latest", {}},
           {"DELETE", "/posts/latest", "/posts/{id:integer}", {"latest"}},
           {"GET", "/posts/latest/likes", "/posts/{id}/likes", {"latest"}},
           {"GET", "/posts/latest/likes/x", "/posts/latest/{kind}/x", {"likes"}},
           {"GET", "/posts/a%20b%3F;c+d", "/posts/{id:integer}", {"a b?;c+d"}},
           {"GET", "/gr%C3%BC%C3%9Fe/1/%E2%82%AC", "/grüße/{a}/{b}", {"1", "€"}},
       }) {
    const auto found = routes.find(method, path);
    ASSERT_TRUE(found) << path << ": " << found.error().detail;
    EXPECT_EQ(routes.path_template(found->route), expected) << path;
    EXPECT_EQ(found->parameters, parameters) << path;
  }
}

TEST(Router, TellsWhyThereIsNoRoute) {
  const Router routes = router();
  struct Case {
    const char* method;
    const char* path;
    int status;
    const char* allow;
  };
  for (const auto& [method, path, status, allow] : {
           Case{"GET", "/nothing", 404, ""},
           Case{"GET", "/posts/5/", 404, ""},
           Case{"GET", "/posts/", 404, ""},
           Case{"GET", "/Posts/5", 404, ""},
           Case{"GET", "/posts", 405, "OPTIONS, POST"},
           Case{"PATCH", "/posts/latest", 405, "DELETE, GET, HEAD, OPTIONS, PUT"},
           Case{"OPTIONS", "/posts", 204, "OPTIONS, POST"},
           Case{"OPTIONS", "/nothing", 404, ""},
           Case{"get", "/", 405, "GET, HEAD, OPTIONS"},
           Case{"GET", "/posts/a%2fb", 400, ""},
           Case{"GET", "/posts/a%5Cb", 400, ""},
           Case{"GET", "/posts/%00", 400, ""},
           Case{"GET", "/posts/%ff", 400, ""},
           Case{"GET", "/posts/%c0%af", 400, ""},
           Case{"GET", "/posts/%4", 400, ""},
           Case{"GET", "/posts/%", 400, ""},
           Case{"GET", "/posts/%zz", 400, ""},
           Case{"GET", "/posts/..", 400, ""},
           Case{"GET", "/posts/../posts/5", 400, ""},
           Case{"GET", "/posts/%2e%2E/posts/5", 400, ""},
           Case{"GET", "/./posts/5", 400, ""},
           Case{"GET", "//posts/5", 400, ""},
           Case{"GET", "/posts//5", 400, ""},
           Case{"GET", "*", 400, ""},
       }) {
    const auto found = routes.find(method, path);
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error().status, status) << path;
    EXPECT_EQ(found.error().allow, allow) << path;
  }
}

TEST(Router, DecodesOnlyOnce) {
  EXPECT_EQ(router().find("GET", "/posts/%252e%252e").value().parameters, Parameters{"%2e%2e"});
}

TEST(Router, RefusesTemplatesThatCollideOrAreNone) {
  struct Case {
    const char* method;
    const char* path;
    Code code;
  };
  for (const auto& [method, path, code] : {
           Case{"GET", "/posts/{other}", Code::conflict},
           Case{"GET", "/posts/latest", Code::conflict},
           Case{"GET", "posts", Code::invalid},
           Case{"GET", "/a//b", Code::invalid},
           Case{"GET", "/a/", Code::invalid},
           Case{"GET", "/a/{}", Code::invalid},
           Case{"GET", "/a/x{id}", Code::invalid},
           Case{"GET", "/a/{b", Code::invalid},
       }) {
    Router routes = router();
    const auto added = routes.add(method, path);
    ASSERT_FALSE(added) << path;
    EXPECT_EQ(added.error().code, code) << path << ": " << added.error().what;
  }
}

TEST(QueryString, DecodesPairsInTheirOrder) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  struct Case {
    const char* query;
    Pairs pairs;
  };
  for (const auto& [query, pairs] : std::initializer_list<Case>{
           {"", {}},
           {"&&", {}},
           {"a=1&b=2", {{"a", "1"}, {"b", "2"}}},
           {"a", {{"a", ""}}},
           {"=x", {{"", "x"}}},
           {"a=b=c", {{"a", "b=c"}}},
           {"a+b=c%20d%2B", {{"a b", "c d+"}}},
           {"n=%E2%82%AC", {{"n", "€"}}},
       }) {
    const auto parsed = QueryString::parse(query);
    ASSERT_TRUE(parsed) << query;
    EXPECT_EQ(parsed->all(), pairs) << query;
  }
}

TEST(QueryString, NamesThePairThatIsWronglyEncoded) {
  for (const char* query : {"a=%", "a=%4", "a=1&b=%g0", "%ff=1", "a=%00"}) {
    const auto parsed = QueryString::parse(query);
    ASSERT_FALSE(parsed) << query;
    EXPECT_EQ(parsed.error().code, Code::invalid);
    EXPECT_THAT(parsed.error().what, testing::HasSubstr("'"));
  }
}

TEST(QueryString, ReportsANameThatWasSentTwice) {
  EXPECT_EQ(QueryString::parse("a=1&b=2").value().repeated(), std::nullopt);
  EXPECT_EQ(QueryString::parse("a=1&b=2&%61=3").value().repeated(), "a");
  EXPECT_EQ(QueryString::parse("a=1&a=3").value().get("a"), "1");
}

TEST(SplitTarget, CutsAtTheFirstQuestionMark) {
  EXPECT_EQ(split_target("/a?b?c").path, "/a");
  EXPECT_EQ(split_target("/a?b?c").query, "b?c");
  EXPECT_EQ(split_target("/a").query, "");
}

}  // namespace
}  // namespace leat::http
