#include "gateway/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat::gateway {
namespace {

using testing::HasSubstr;

class NoClock final : public platform::Clock {
 public:
  std::int64_t unix_ms() override { return 0; }
  platform::Instant now() override { return {}; }
};

class AdminTest : public testing::Test {
 protected:
  AdminTest() {
    const auto added = admin_.add(
        {"POST", "/services/{name}/stop", [](const http::Request&, const http::Parameters& name, http::Reply reply) {
           reply({.content_type = "text/plain", .body = "stopped " + name.at(0)});
         }});
    EXPECT_TRUE(added);
  }

  http::Response ask(std::string method, std::string target, std::string host = "localhost:9",
                     std::optional<std::string> authorization = std::nullopt) {
    http::Request request{.method = std::move(method), .target = std::move(target)};
    if (!host.empty()) request.headers.add("Host", std::move(host));
    if (authorization) request.headers.add("Authorization", *authorization);
    std::optional<http::Response> answer;
    admin_.handler()(std::move(request), [&](http::Response response) { answer = std::move(response); });
    EXPECT_TRUE(answer);
    return answer.value_or(http::Response{.status = 0});
  }

  NoClock clock_;
  telemetry::Metrics metrics_;
  telemetry::Health health_;
  telemetry::Log log_{clock_, telemetry::LogFormat::plain, telemetry::Level::error, [](std::string_view) {}};
  Admin admin_{{metrics_, log_, health_}, telemetry::Secret("s3cret"), {"leat.internal"}};
};

TEST_F(AdminTest, TellsThatItLivesWhateverTheConditions) {
  health_.set("log", false, "disk");
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(AdminTest, IsReadyOrSaysWhyNot) {
  health_.set("log", true);
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  health_.set("read model social.authors", false, "no \"such\" column");
  const auto answer = ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, R"({"ready":false,"conditions":[{"name":"log","ok":true},)"
                         R"({"name":"read model social.authors","ok":false,"why":"no \"such\" column"}]})");
}

TEST_F(AdminTest, ShowsMetrics) {
  metrics_.counter("leat_x_total", "X.").add(4);
  const auto answer = ask("GET", "/metrics");
  EXPECT_THAT(answer.content_type, HasSubstr("text/plain"));
  EXPECT_THAT(answer.body, HasSubstr("leat_x_total 4\n"));
}

TEST_F(AdminTest, LooksForNumbersBeforeItShowsThem) {
  admin_.before_metrics([this](Task done) {
    metrics_.gauge("leat_found", "Found.").set(7);
    done();
  });
  EXPECT_THAT(ask("GET", "/metrics").body, HasSubstr("leat_found 7\n"));
}

TEST_F(AdminTest, ChangesOnlyForTheToken) {
  struct Case {
    std::optional<std::string> authorization;
    int status;
  };
  for (const auto& [authorization, status] : {
           Case{std::nullopt, 401},
           Case{"", 401},
           Case{"Bearer", 401},
           Case{"Bearer ", 401},
           Case{"Bearer wrong", 401},
           Case{"Bearer s3cre", 401},
           Case{"Bearer s3crets", 401},
           Case{"Bearer S3cret", 401},
           Case{"Basic s3cret", 401},
           Case{"s3cret", 401},
           Case{"Bearer s3cret", 200},
           Case{"bearer s3cret", 200},
       }) {
    const auto answer = ask("POST", "/services/a/stop", "localhost", authorization);
    EXPECT_EQ(answer.status, status) << authorization.value_or("none");
    EXPECT_EQ(answer.body.find("s3cret"), std::string::npos);
  }
  EXPECT_EQ(ask("POST", "/services/a/stop", "localhost", "Bearer s3cret").body, "stopped a");
}

TEST_F(AdminTest, WithoutTheTokenNotEvenTheRoutesCanBeGuessed) {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "BREW"}) EXPECT_EQ(ask(method, "/nothing").status, 401);
}

TEST_F(AdminTest, AnswersOnlyToItsOwnNames) {
  struct Case {
    const char* host;
    int status;
  };
  for (const auto& [host, status] : {
           Case{"localhost", 200},
           Case{"LOCALHOST:80", 200},
           Case{"127.0.0.1:8081", 200},
           Case{"[::1]", 200},
           Case{"[::1]:8081", 200},
           Case{"leat.internal:80", 200},
           Case{"", 421},
           Case{"evil.example", 421},
           Case{"localhost.evil.example", 421},
           Case{"127.0.0.1.evil.example", 421},
           Case{"evil.example:127", 421},
       }) {
    EXPECT_EQ(ask("GET", "/healthz", host).status, status) << host;
  }
}

TEST_F(AdminTest, OtherPathsAreProblems) {
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
  const auto answer = ask("GET", "/services/a/stop");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.get("allow"), "OPTIONS, POST");
}

}  // namespace
}  // namespace leat::gateway
