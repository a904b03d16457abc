#include "http/server.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/server_fixture.h"

namespace leat::http {
namespace {

TEST_F(ServerTest, AnswersOneRequestAfterTheOtherOnOneConnection) {
  start();
  Client client = connect();
  for (const char* target : {"/a", "/b?c=d"}) {
    const auto answer = client.ask({.method = "POST", .target = target, .body = "body"});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, std::string("POST ") + target + " body");
    EXPECT_EQ(answer->headers.get("date"), "Sat, 21 Nov 2026 23:51:24 GMT");
    EXPECT_TRUE(answer->keep_alive);
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInTheirOrderWhateverTheOrderOfTheReplies) {
  start();
  Client client = connect();
  std::string pipeline;
  for (int i = 0; i < 3; ++i) pipeline += "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_TRUE(client.send(pipeline + "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
  std::vector<Reply> replies = await_kept(3);
  for (const int i : {2, 0, 1}) replies[i](text(std::to_string(i)));
  for (const char* body : {"0", "1", "2", "GET /now "}) EXPECT_EQ(client.receive().value().body, body);
}

// What only reads must not overtake what changes something, nor be overtaken by it.
TEST_F(ServerTest, APipelinedRequestWaitsForThoseOfTheOtherKindBeforeIt) {
  start();
  Client client = connect();
  const auto request = [](const char* method) {
    return std::string(method) + " /later HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  };
  ASSERT_TRUE(client.send(request("POST") + request("PUT") + request("GET") + request("GET") + request("POST")));
  ASSERT_TRUE(client.finish());
  int answered = 0;
  for (const std::size_t together : {2, 2, 1}) {
    std::vector<Reply> replies = await_kept(together);
    EXPECT_EQ(replies.size(), together);
    for (Reply& reply : replies) reply(text(std::to_string(answered++)));
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.receive().value().body, std::to_string(i));
  await_connections(0);  // nothing more can come: nobody lingers for it
}

TEST_F(ServerTest, RepliesMayComeFromAnyThread) {
  start({}, 2);
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  }
  std::vector<Reply> replies = await_kept(8);
  std::vector<std::thread> threads;
  for (Reply& reply : replies) threads.emplace_back([&reply] { reply(text("done")); });
  for (std::thread& thread : threads) thread.join();
  for (Client& client : clients) EXPECT_EQ(client.receive().value().body, "done");
}

TEST_F(ServerTest, AReplyThatComesAfterTheServersEndIsDropped) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  std::vector<Reply> replies = await_kept(1);
  server_.reset();
  replies[0](text("too late"));
}

TEST_F(ServerTest, ARequestThatNobodyAnswersIsAnswered500) {
  start();
  Client client = connect();
  for (const char* target : {"/never", "/throw"}) {
    EXPECT_EQ(client.ask({.method = "GET", .target = target}).value().status, 500) << target;
  }
  EXPECT_EQ(client.ask({.method = "GET", .target = "/fine"}).value().status, 200);
}

TEST_F(ServerTest, HeadHasTheLengthButNotTheBodyOfGet) {
  start();
  Client client = connect();
  const auto head = client.ask({.method = "HEAD", .target = "/abc"}).value();
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers.get("content-length"), "10");  // "HEAD /abc "
  EXPECT_EQ(client.ask({.method = "GET", .target = "/abc"}).value().body, "GET /abc ");
}

TEST_F(ServerTest, NoContentHasNeitherLengthNorBody) {
  start();
  Client client = connect();
  const auto answer = client.ask({.method = "GET", .target = "/empty"}).value();
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.get("content-length"), std::nullopt);
  EXPECT_EQ(client.ask({.method = "GET", .target = "/next"}).value().status, 200);
}

TEST_F(ServerTest, AHandlersHeaderCannotAddALine) {
  start();
  Client client = connect();
  const auto answer = client.ask({.method = "GET", .target = "/split"}).value();
  EXPECT_EQ(answer.headers.get("x-forged"), std::nullopt);
}

TEST_F(ServerTest, ALargeAnswerArrivesWhole) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.receive().value().body, std::string(8 << 20, 'x'));
  EXPECT_EQ(client.receive().value().body, "GET /b ");
}

TEST_F(ServerTest, ClosesWhenTheClientAsksForIt) {
  start();
  for (const char* request : {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    Client client = connect();
    ASSERT_TRUE(client.send(request));
    const auto answer = client.receive().value();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("connection"), "close");
    EXPECT_TRUE(client.await_close());
  }
}

TEST_F(ServerTest, AClientThatEndedItsSideStillGetsItsAnswer) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(client.finish());
  await_kept(1)[0](text("still"));
  EXPECT_EQ(client.receive().value().body, "still");
  EXPECT_TRUE(client.await_close());
}

TEST_F(ServerTest, SaysContinueBeforeABodyThatWaitsForIt) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(client.receive().value().status, 100);
  ASSERT_TRUE(client.send("ab"));
  EXPECT_EQ(client.receive().value().body, "POST / ab");
}

TEST_F(ServerTest, ARefusedRequestIsAnsweredAfterTheEarlierOnesAndClosesTheConnection) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n"));
  await_kept(1)[0](text("first"));
  EXPECT_EQ(client.receive().value().body, "first");
  const auto refused = client.receive().value();
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.headers.get("content-type"), "application/problem+json");
  EXPECT_THAT(refused.body, testing::HasSubstr("Host is missing"));
  EXPECT_TRUE(client.await_close());
}

TEST_F(ServerTest, ABodyBeyondTheLimitIsRefusedThoughTheClientGoesOnSending) {
  start({.body_bytes = 1000});
  Client client = connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"));
  ASSERT_TRUE(client.send(std::string(100'000, 'x')));
  EXPECT_EQ(client.receive().value().status, 413);
  EXPECT_EQ(hits(Limit::body_bytes), 1u);
}

TEST_F(ServerTest, ReadsOnlyAsManyRequestsAsMayBeInFlight) {
  start({.in_flight = 2});
  Client client = connect();
  std::string pipeline;
  for (int i = 0; i < 5; ++i) pipeline += "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_TRUE(client.send(pipeline));
  for (const std::size_t expected : {2, 2, 1}) {
    std::vector<Reply> replies = await_kept(expected);
    ASSERT_EQ(replies.size(), expected);
    for (Reply& reply : replies) reply(text("ok"));
    for (std::size_t i = 0; i < expected; ++i) EXPECT_EQ(client.receive().value().body, "ok");
  }
  EXPECT_GE(hits(Limit::in_flight), 1u);
}

TEST_F(ServerTest, DeadlinesEndWhatTakesTooLong) {
  struct Case {
    const char* sent;
    platform::Duration wait;
    int status;
    Limit limit;
  };
  for (const auto& [sent, wait, status, limit] : {
           Case{"GET / HT", seconds(10), 408, Limit::header},
           Case{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", seconds(30), 408, Limit::body},
           Case{"GET /later HTTP/1.1\r\nHost: a\r\n\r\n", seconds(30), 504, Limit::request},
           Case{"", seconds(75), 0, Limit::idle},
       }) {
    SCOPED_TRACE(name(limit));
    start();
    Client client = connect();
    ASSERT_TRUE(client.ask({.method = "GET", .target = "/warm"}));
    ASSERT_TRUE(client.send(sent));
    // Another connection's round trip tells that the loop has seen the bytes before it.
    ASSERT_TRUE(connect().ask({.method = "GET", .target = "/after"}));
    clock_.advance(wait);
    if (status != 0) {
      EXPECT_EQ(client.receive().value().status, status);
    }
    if (limit != Limit::request) {
      EXPECT_TRUE(client.await_close());
    }
    EXPECT_GE(hits(limit), 1u);
  }
}

TEST_F(ServerTest, ALateReplyAfterItsDeadlineIsDroppedAndTheConnectionGoesOn) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  std::vector<Reply> replies = await_kept(1);
  clock_.advance(seconds(30));
  EXPECT_EQ(client.receive().value().status, 504);
  replies[0](text("late"));
  EXPECT_EQ(client.ask({.method = "GET", .target = "/next"}).value().body, "GET /next ");
}

TEST_F(ServerTest, AClientThatDoesNotReadIsClosed) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(connect().ask({.method = "GET", .target = "/after"}));
  while (hits(Limit::write) == 0) clock_.advance(hours(1));
  SUCCEED();
}

TEST_F(ServerTest, FurtherConnectionsThanItsLimitAreTurnedAway) {
  start({.connections = 2});
  Client first = connect();
  Client second = connect();
  for (Client* client : {&first, &second}) ASSERT_TRUE(client->ask({.method = "GET", .target = "/"}));
  Client third = connect();
  EXPECT_EQ(third.receive().value().status, 503);
  EXPECT_TRUE(third.await_close());
  EXPECT_EQ(hits(Limit::connections), 1u);
}

// A socket made before descriptors run out: connecting it needs none, accepting it does.
TEST_F(ServerTest, KeepsServingAfterItRanOutOfDescriptors) {
  start();
  Client before = connect();
  ASSERT_TRUE(before.ask({.method = "GET", .target = "/"}));
  auto& failures = metrics_.counter("leat_http_accept_failures_total", "", {{"listener", "http"}});
  const int waiting = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit usual;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(server_->port()), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  EXPECT_EQ(::connect(waiting, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  while (failures.value() == 0) std::this_thread::yield();
  EXPECT_EQ(before.ask({.method = "GET", .target = "/old"}).value().status, 200);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);

  constexpr std::string_view request = "GET / HTTP/1.0\r\n\r\n";
  ASSERT_EQ(::send(waiting, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::array<char, 12> answer;
  ASSERT_EQ(::recv(waiting, answer.data(), answer.size(), MSG_WAITALL), 12);
  EXPECT_EQ(std::string_view(answer.data(), answer.size()), "HTTP/1.1 200");
  ::close(waiting);
}

TEST_F(ServerTest, DrainAnswersWhatIsInFlightAndThenCloses) {
  start();
  Client idle = connect();
  ASSERT_TRUE(idle.ask({.method = "GET", .target = "/"}));
  Client busy = connect();
  ASSERT_TRUE(busy.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  std::vector<Reply> replies = await_kept(1);

  bool complete = false;
  std::thread drain([&] { complete = server_->drain(hours(1)); });
  EXPECT_TRUE(idle.await_close());
  replies[0](text("last"));
  const auto answer = busy.receive().value();
  EXPECT_EQ(answer.body, "last");
  EXPECT_EQ(answer.headers.get("connection"), "close");
  EXPECT_TRUE(busy.finish());
  drain.join();
  EXPECT_TRUE(complete);
  EXPECT_FALSE(Client::connect(server_->address(), patience));
}

TEST_F(ServerTest, DrainCutsOffWhatDoesNotEndWithinItsBound) {
  start();
  Client busy = connect();
  ASSERT_TRUE(busy.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  const std::vector<Reply> replies = await_kept(1);
  EXPECT_FALSE(server_->drain(seconds(0)));
  EXPECT_TRUE(busy.await_close());
}

TEST(ServerStart, RefusesAddressesThatAreWrongTakenOrReachable) {
  ManualClock clock;
  telemetry::Metrics metrics;
  telemetry::Health health;
  telemetry::Log log(clock, telemetry::LogFormat::plain, telemetry::Level::error, [](std::string_view) {});
  ByteBudget budget(64 << 20);
  const auto start = [&](std::string address, bool insecure = false) {
    return Server::start({.address = std::move(address), .insecure = insecure}, clock, {metrics, log, health}, budget,
                         [](const Request&, const Reply&) {});
  };
  const auto holder = start("127.0.0.1:0");
  ASSERT_TRUE(holder);
  struct Case {
    std::string address;
    Code code;
  };
  for (const auto& [address, code] : {
           Case{"127.0.0.1", Code::invalid},
           Case{"example.org:80", Code::invalid},
           Case{"127.0.0.1:70000", Code::invalid},
           Case{"0.0.0.0:0", Code::invalid},
           Case{"[::]:0", Code::invalid},
           Case{(*holder)->address(), Code::conflict},
       }) {
    const auto refused = start(address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, code) << address << ": " << refused.error().what;
  }
  EXPECT_TRUE(start("0.0.0.0:0", true));
}

}  // namespace
}  // namespace leat::http
