// How a key is read, and whom it keeps waiting.
#include "service/idempotency.h"

#include <gmock/gmock.h>

#include "service/test_plan.h"

namespace leat::service {
namespace {

http::Request request_with(const std::vector<std::string>& keys, std::string body = {}) {
  http::Request out;
  out.target = "/things/1";
  out.body = std::move(body);
  for (const auto& key : keys) out.headers.add("idempotency-key", key);
  return out;
}

OrResponse<std::optional<IdempotencyKey>> read(const std::vector<std::string>& keys, std::string body = {}) {
  return read_idempotency_key(route("PUT", "/things/{id}"), request_with(keys, std::move(body)));
}

TEST(IdempotencyKey, IsAStringOrABareToken) {
  struct Case {
    const char* name;
    std::vector<std::string> headers;
    std::optional<std::string> token;  // that stands for the same key; nothing: 400
  };
  const std::string longest(255, 'k');
  for (const auto& [name, headers, token] : {
           Case{"token", {"abc"}, "abc"},
           Case{"string", {"\"abc\""}, "abc"},
           Case{"UUID", {"8e03978e-40d5-43dd-bc93-6894a57f9324"}, "8e03978e-40d5-43dd-bc93-6894a57f9324"},
           Case{"every character of a token", {"a!#$%&'*+-.^_`|~:/9"}, "a!#$%&'*+-.^_`|~:/9"},
           Case{"255 bytes", {longest}, longest},
           Case{"255 bytes in quotes", {'"' + longest + '"'}, longest},
           Case{"256 bytes", {std::string(256, 'k')}, std::nullopt},
           Case{"256 bytes in quotes", {'"' + std::string(256, 'k') + '"'}, std::nullopt},
           Case{"empty", {""}, std::nullopt},
           Case{"empty string", {"\"\""}, std::nullopt},
           Case{"open", {"\"abc"}, std::nullopt},
           Case{"one quote", {"\""}, std::nullopt},
           Case{"escaped end", {R"("abc\")"}, std::nullopt},
           Case{"other escapes", {R"("a\n")"}, std::nullopt},
           Case{"quote inside", {R"("a"b")"}, std::nullopt},
           Case{"parameters", {R"("abc";a=1)"}, std::nullopt},
           Case{"blank", {"a b"}, std::nullopt},
           Case{"not ASCII", {"\"\xc3\xa9\""}, std::nullopt},
           Case{"twice", {"abc", "abc"}, std::nullopt},
       }) {
    SCOPED_TRACE(name);
    const auto key = read(headers);
    ASSERT_EQ(key.has_value(), token.has_value());
    if (token) {
      EXPECT_EQ((*key)->id, (*read({*token}))->id);
    } else {
      EXPECT_EQ(key.error().status, 400);
    }
  }
  EXPECT_FALSE(*read({})) << "without the header";
}

TEST(IdempotencyKey, EscapesInAStringAreItsOwn) {
  EXPECT_NE((**read({R"("a\\")"})).id, (**read({"\"a\""})).id);
  EXPECT_NE((**read({R"("a\"")"})).id, (**read({R"("a\\")"})).id);
}

TEST(IdempotencyKey, NamesTheRouteAndTheRequest) {
  const auto key = **read({"abc"}, "body");
  EXPECT_EQ((**read({"\"abc\""}, "body")).request, key.request);
  EXPECT_EQ((**read({"abc"}, "other")).id, key.id);
  EXPECT_NE((**read({"abc"}, "other")).request, key.request);
  EXPECT_NE((**read({"abd"}, "body")).request, key.request) << "without the key a body cannot be guessed";
  auto conditional = request_with({"abc"}, "body");
  conditional.headers.add("If-Match", "\"1\"");
  const auto put = route("PUT", "/things/{id}");
  EXPECT_NE((**read_idempotency_key(put, conditional)).request, key.request);
  const auto plain = request_with({"abc"}, "body");
  EXPECT_NE((**read_idempotency_key(route("POST", "/things/{id}"), plain)).id, key.id);
  EXPECT_NE((**read_idempotency_key(route("PUT", "/others/{id}"), plain)).id, key.id);
  auto elsewhere = request_with({"abc"}, "body");
  elsewhere.target = "/things/2";
  EXPECT_NE((**read_idempotency_key(put, elsewhere)).request, key.request);
}

TEST(RunningKeys, LetOneRequestThroughUntilItIsDecided) {
  const auto keys = std::make_shared<RunningKeys>();
  auto first = keys->hold({"a", "1"});
  ASSERT_TRUE(first);
  EXPECT_TRUE(keys->hold({"b", "1"})) << "another key";
  const auto second = keys->hold({"a", "1"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, 409);
  EXPECT_EQ(second.error().headers.get("Retry-After"), "1");
  EXPECT_EQ(keys->hold({"a", "2"}).error().status, 422);
  first->reset();
  EXPECT_TRUE(keys->hold({"a", "2"}));
}

}  // namespace
}  // namespace leat::service
