#include "gateway/gateway.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/trace_context.h"

namespace leat::gateway {
namespace {

using testing::HasSubstr;

class ManualClock final : public platform::Clock {
 public:
  std::int64_t unix_ms() override { return 0; }
  platform::Instant now() override { return now_; }
  platform::Instant now_{std::chrono::hours(1)};
};

class Counting final : public platform::Random {
 public:
  std::uint64_t next() override { return ++last_; }

 private:
  std::uint64_t last_ = 0;
};

class GatewayTest : public testing::Test {
 protected:
  std::optional<http::Response> ask(http::Request request) {
    request.arrived = clock_.now();
    std::optional<http::Response> answer;
    gateway_.handler()(std::move(request), [&answer](http::Response response) { answer = std::move(response); });
    return answer;
  }

  // Answers with its name, its parameters and the traceparent it saw.
  static http::Route echo(std::string method, std::string path, const std::string& name) {
    return {std::move(method), std::move(path),
            [name](const http::Request& request, const http::Parameters& parameters, http::Reply reply) {
              std::string body = name;
              for (const std::string& each : parameters) body += " " + each;
              http::Response response{.content_type = "text/plain", .body = std::move(body)};
              response.headers.add("seen", std::string(request.headers.get("traceparent").value_or("none")));
              reply(std::move(response));
            }};
  }

  static http::Route keep(std::string path, std::vector<http::Reply>& into) {
    return {"GET", std::move(path), [&into](const http::Request&, const http::Parameters&, http::Reply reply) {
              into.push_back(std::move(reply));
            }};
  }

  ManualClock clock_;
  Counting random_;
  telemetry::Metrics metrics_;
  telemetry::Health health_;
  std::vector<std::string> lines_;
  telemetry::Log log_{clock_, telemetry::LogFormat::plain, telemetry::Level::debug,
                      [this](std::string_view line) { lines_.emplace_back(line); }};
  Gateway gateway_{clock_, random_, {metrics_, log_, health_}, {.in_flight = 2}};
};

TEST_F(GatewayTest, HandsARequestToTheServiceWhoseRouteItIs) {
  ASSERT_TRUE(gateway_.serve({{"identity", {echo("GET", "/users/{id}", "user")}},
                              {"social", {echo("GET", "/users/{id}/feed", "feed"), echo("POST", "/posts", "post")}}}));
  struct Case {
    const char* method;
    const char* target;
    int status;
    const char* body;
  };
  for (const auto& [method, target, status, body] : {
           Case{"GET", "/users/5?x=/y", 200, "user 5"},
           Case{"GET", "/users/5/feed", 200, "feed 5"},
           Case{"POST", "/posts", 200, "post"},
           Case{"GET", "/posts", 405, ""},
           Case{"GET", "/x", 404, ""},
           Case{"GET", "/users/%2f", 400, ""},
       }) {
    const auto answer = ask({.method = method, .target = target});
    ASSERT_TRUE(answer) << target;
    EXPECT_EQ(answer->status, status) << target;
    if (status == 200) {
      EXPECT_EQ(answer->body, body);
    } else {
      EXPECT_EQ(answer->content_type, "application/problem+json") << target;
    }
  }
  EXPECT_EQ(ask({.method = "GET", .target = "/posts"})->headers.get("allow"), "OPTIONS, POST");
}

// A browser sends a form, or a POST without a body, to any server that any page names.
TEST_F(GatewayTest, AWriteThatAForeignPageSendsIsRefused) {
  ASSERT_TRUE(gateway_.serve({{"social", {echo("POST", "/posts", "post"), echo("GET", "/posts", "posts")}}}));
  struct Case {
    const char* method;
    std::vector<std::pair<std::string, std::string>> headers;
    int status;
  };
  for (const auto& [method, headers, status] : std::initializer_list<Case>{
           {"POST", {}, 200},  // a program
           {"POST", {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://localhost:8080"}}, 200},
           {"POST", {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://social.example"}}, 200},  // Host changed
           {"POST", {{"Sec-Fetch-Site", "none"}}, 200},
           {"POST", {{"Origin", "http://localhost:8080"}}, 200},
           {"POST", {{"Origin", "http://LOCALHOST:8080"}}, 200},
           {"POST", {{"Sec-Fetch-Site", "cross-site"}}, 403},
           {"POST", {{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://localhost:8080"}}, 403},
           {"POST", {{"Sec-Fetch-Site", "same-site"}, {"Origin", "http://localhost:3000"}}, 403},
           {"POST", {{"Origin", "http://localhost:3000"}}, 403},
           {"POST", {{"Origin", "https://evil.example"}}, 403},
           {"POST", {{"Origin", "null"}}, 403},
           {"POST", {{"Origin", ""}}, 403},
           {"GET", {{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}}, 200},  // a link
       }) {
    http::Request request{.method = method, .target = "/posts"};
    request.headers.add("Host", "localhost:8080");
    std::string told = method;
    for (const auto& [name, value] : headers) {
      request.headers.add(name, value);
      told += " " + name + ": " + value;
    }
    const auto answer = ask(std::move(request));
    ASSERT_TRUE(answer) << told;
    EXPECT_EQ(answer->status, status) << told;
  }
  http::Request usual_port{.method = "POST", .target = "/posts"};
  usual_port.headers.add("Host", "social.example:443");
  usual_port.headers.add("Origin", "https://social.example");
  EXPECT_EQ(ask(std::move(usual_port))->status, 200);
}

TEST_F(GatewayTest, ATableThatCollidesLeavesTheEarlierOneAndNamesBoth) {
  ASSERT_TRUE(gateway_.serve({{"a", {echo("GET", "/x", "old")}}}));
  const auto refused = gateway_.serve({{"a", {echo("GET", "/x/{id}", "")}}, {"b", {echo("GET", "/x/{name}", "")}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().what,
              testing::AllOf(HasSubstr("service b"), HasSubstr("/x/{id}"), HasSubstr("/x/{name}")));
  EXPECT_EQ(ask({.method = "GET", .target = "/x"})->body, "old");
}

TEST_F(GatewayTest, ARequestIsServedByTheTableThatWasThereWhenItCame) {
  std::vector<http::Reply> kept;
  ASSERT_TRUE(gateway_.serve({{"a", {keep("/x", kept)}}}));
  std::optional<http::Response> answer;
  gateway_.handler()({.method = "GET", .target = "/x", .arrived = clock_.now()},
                     [&](http::Response response) { answer = std::move(response); });
  ASSERT_TRUE(gateway_.serve({{"a", {echo("GET", "/y", "new")}}}));
  kept.at(0)({.status = 201});
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(ask({.method = "GET", .target = "/x"})->status, 404);
  EXPECT_EQ(ask({.method = "GET", .target = "/y"})->body, "new");
}

// Told apart from a table half replaced only where data races are looked for.
TEST_F(GatewayTest, TheTableMayBeReplacedWhileRequestsCome) {
  ASSERT_TRUE(gateway_.serve({{"a", {echo("GET", "/a", "a")}}}));
  std::thread replacing([&] {
    for (int i = 0; i < 300; ++i) EXPECT_TRUE(gateway_.serve({{"a", {echo("GET", "/a", "a")}}}));
  });
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(ask({.method = "GET", .target = "/a"})->status, 200);
  replacing.join();
}

TEST_F(GatewayTest, RefusesFurtherRequestsThanItsBound) {
  std::vector<http::Reply> kept;
  ASSERT_TRUE(gateway_.serve({{"a", {keep("/wait", kept), echo("GET", "/a", "a")}}}));
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(ask({.method = "GET", .target = "/wait"}));
  EXPECT_EQ(ask({.method = "GET", .target = "/a"})->status, 503);
  EXPECT_THAT(metrics_.render(), HasSubstr("leat_gateway_full_total 1\n"));
  kept.clear();  // dropped without an answer: the place is free again
  EXPECT_EQ(ask({.method = "GET", .target = "/a"})->status, 200);
  EXPECT_THAT(metrics_.render(), HasSubstr("leat_gateway_in_flight 0\n"));
}

TEST_F(GatewayTest, AnswersNothingNewOnceItStops) {
  ASSERT_TRUE(gateway_.serve({{"a", {echo("GET", "/a", "a")}}}));
  gateway_.stop();
  const auto answer = ask({.method = "GET", .target = "/a"});
  EXPECT_EQ(answer->status, 503);
  EXPECT_TRUE(answer->headers.get("retry-after"));
}

TEST_F(GatewayTest, CountsByRouteTemplateAndStatusClass) {
  std::vector<http::Reply> kept;
  ASSERT_TRUE(gateway_.serve({{"a", {keep("/x/{id}", kept)}}}));
  for (const int status : {200, 204, 404}) {
    (void)gateway_.handler()({.method = "GET", .target = "/x/5", .arrived = clock_.now()},
                             [](const http::Response&) {});
    clock_.now_ += std::chrono::milliseconds(20);
    kept.back()({.status = status});
  }
  ask({.method = "GET", .target = "/nowhere"});
  const std::string text = metrics_.render();
  for (const char* line : {
           R"(leat_requests_total{method="GET",route="/x/{id}",service="a",status="2xx"} 2)",
           R"(leat_requests_total{method="GET",route="/x/{id}",service="a",status="4xx"} 1)",
           R"(leat_requests_total{method="",route="",service="",status="4xx"} 1)",
           R"(leat_request_seconds_bucket{method="GET",route="/x/{id}",service="a",le="0.01"} 0)",
           R"(leat_request_seconds_bucket{method="GET",route="/x/{id}",service="a",le="0.025"} 3)",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(GatewayTest, HandsOnTheCallersTraceOrStartsOne) {
  ASSERT_TRUE(gateway_.serve({{"a", {echo("GET", "/a", "a")}}}));
  const auto seen = [&](std::optional<std::string> given) {
    http::Request request{.method = "GET", .target = "/a"};
    if (given) request.headers.add("TraceParent", *given);
    return TraceContext::parse(*ask(std::move(request))->headers.get("seen"));
  };
  const auto continued = seen("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  ASSERT_TRUE(continued);
  const auto given = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(continued->trace_id, given->trace_id);
  EXPECT_EQ(continued->flags, given->flags);
  EXPECT_NE(continued->span_id, given->span_id);
  const auto first = seen(std::nullopt), second = seen("garbage");
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->trace_id, second->trace_id);
}

TEST_F(GatewayTest, LogsEachRequestByItsTemplateAtLevelDebug) {
  ASSERT_TRUE(gateway_.serve({{"a", {echo("GET", "/a/{secret}", "a")}}}));
  ask({.method = "GET", .target = "/a/hush?token=hush"});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0],
              testing::AllOf(HasSubstr("status=200"), HasSubstr("/a/{secret}"), testing::Not(HasSubstr("hush"))));
}

}  // namespace
}  // namespace leat::gateway
