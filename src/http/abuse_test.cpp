// What hostile and broken clients do, and what a server does to them at its worst moments.
#include <array>
#include <deque>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "http/server_fixture.h"
#include "platform/posix.h"

namespace leat::http {
namespace {

constexpr std::string_view later = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

using Abuse = ServerTest;

TEST_F(Abuse, DrainAnswersEverySlowReplyOfAPipelineAndClosesBehindTheLast) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(repeated(later, 8)));
  std::vector<Reply> replies = await_kept(8);
  bool complete = false;
  std::thread drain([&] { complete = server_->drain(hours(1)); });
  for (std::size_t i = replies.size(); i-- > 0;) replies[i](text(std::to_string(i)));
  for (std::size_t i = 0; i < replies.size(); ++i) EXPECT_EQ(client.receive().value().body, std::to_string(i));
  EXPECT_TRUE(client.await_close());
  EXPECT_TRUE(client.finish());
  drain.join();
  EXPECT_TRUE(complete);
}

// Closing a socket that still holds unread bytes resets it, and a reset takes answers away that the client has not
// read.
TEST_F(Abuse, ADrainingServerWaitsForTheClientToTakeItsLastAnswer) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(later));
  std::vector<Reply> replies = await_kept(1);
  std::atomic<bool> drained = false;
  std::thread drain([&] {
    server_->drain(hours(1));
    drained = true;
  });
  while (Client::connect(server_->address(), patience)) std::this_thread::yield();
  replies[0](text("last"));
  EXPECT_EQ(client.receive().value().body, "last");
  await_ticks(10);
  EXPECT_FALSE(drained);
  clock_.advance(seconds(2));  // but not for ever
  drain.join();
}

TEST_F(Abuse, TwoThousandConnectionsAreServedSideBySide) {
  start({}, 2);
  std::vector<Client> clients;
  for (int i = 0; i < 2000; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().send(later));
  }
  for (Reply& reply : await_kept(clients.size())) reply(text("ok"));
  for (Client& client : clients) ASSERT_EQ(client.receive().value().body, "ok");
}

TEST_F(Abuse, OneByteAtATimeIsAsGoodAsAllAtOnce) {
  start();
  Client client = connect();
  const std::string request =
      "POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: "
      "v\r\n\r\n";
  for (const char& byte : request) ASSERT_TRUE(client.send({&byte, 1}));
  EXPECT_EQ(client.receive().value().body, "POST /slow abcde");
}

TEST_F(Abuse, WhatIsTooMuchIsRefusedWithTheNameOfItsLimit) {
  struct Case {
    std::string sent;
    int status;
    Limit limit;
  };
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (const auto& [sent, status, limit] : {
           Case{chunked + "1;" + std::string(9 << 10, 'x'), 431, Limit::header_bytes},
           Case{chunked + "0\r\n" + repeated("t: v\r\n", 2000), 431, Limit::header_bytes},
           Case{chunked + "fffffffffffffff\r\n", 413, Limit::body_bytes},
           Case{chunked + repeated("2000\r\n" + std::string(0x2000, 'x') + "\r\n", 129), 413, Limit::body_bytes},
           Case{get + repeated("a: b\r\n", 200), 431, Limit::header_fields},
           Case{get + "a: " + std::string(20 << 10, 'b'), 431, Limit::header_bytes},
           Case{"GET /" + std::string(20 << 10, 'b'), 414, Limit::target_bytes},
       }) {
    start();
    Client client = connect();
    ASSERT_TRUE(client.send(sent));
    EXPECT_EQ(client.receive().value().status, status) << name(limit);
    EXPECT_TRUE(client.await_close());
    EXPECT_GE(hits(limit), 1u);
  }
}

TEST_F(Abuse, RepliesToConnectionsThatAreGoneAreDropped) {
  start({}, 2);
  for (int i = 0; i < 50; ++i) {
    Client client = connect();
    ASSERT_TRUE(client.send(repeated(later, 4)));
  }
  std::vector<Reply> replies = await_kept(200);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&replies, t] {
      for (std::size_t i = static_cast<std::size_t>(t); i < replies.size(); i += 4) replies[i](text("gone"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(connect().ask({.method = "GET", .target = "/next"}).value().status, 200);
}

TEST_F(Abuse, TheServerMayEndWhileRepliesComeIn) {
  for (int round = 0; round < 20; ++round) {
    start({}, 2);
    std::vector<Client> clients;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(connect());
      ASSERT_TRUE(clients.back().send(repeated(later, 8)));
    }
    std::vector<Reply> replies = await_kept(32);
    std::thread answering([&] {
      for (Reply& reply : replies) reply(text("late"));
    });
    server_.reset();
    answering.join();
  }
}

TEST_F(Abuse, RepliesMayDieOnAnyThreadWhileTheServerDrains) {
  start({}, 2);
  std::vector<Client> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().send(later));
  }
  std::vector<Reply> replies = await_kept(16);
  std::thread dropping([&] { replies.clear(); });
  std::thread drain([&] { EXPECT_TRUE(server_->drain(hours(1))); });
  for (Client& client : clients) {
    EXPECT_EQ(client.receive().value().status, 500);
    EXPECT_TRUE(client.finish());
  }
  dropping.join();
  drain.join();
}

// All descriptors that the process may have, but for `left` of them, until this ends.
class Hoard {
 public:
  explicit Hoard(std::size_t left) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &usual_), 0);
    const rlimit few{.rlim_cur = 256, .rlim_max = usual_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) held_.emplace_back(fd);
    for (; left > 0 && !held_.empty(); --left) held_.pop_back();
  }
  Hoard(const Hoard&) = delete;
  ~Hoard() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &usual_), 0); }

 private:
  rlimit usual_{};
  std::deque<platform::Descriptor> held_;
};

// A client that takes one descriptor and no more.
platform::Descriptor bare_connection(std::uint16_t port) {
  platform::Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return client;
}

// One connection is made while the process has no descriptor left for its other end.
TEST_F(Abuse, WithoutDescriptorsAcceptingPausesAndGoesOn) {
  start();
  Client before = connect();
  ASSERT_EQ(before.ask({.method = "GET", .target = "/before"}).value().status, 200);
  auto hoard = std::make_optional<Hoard>(1);
  const auto client = bare_connection(server_->port());
  auto& failures = metrics_.counter("leat_http_accept_failures_total", "", {{"listener", "http"}});
  while (failures.value() == 0) std::this_thread::yield();
  EXPECT_EQ(before.ask({.method = "GET", .target = "/before"}).value().status, 200) << "who is in is served";
  hoard.reset();
  constexpr std::string_view request = "GET /after HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL), std::ssize(request));
  std::array<char, 12> answer{};
  EXPECT_EQ(::recv(client.get(), answer.data(), answer.size(), MSG_WAITALL), std::ssize(answer));
  EXPECT_EQ(std::string_view(answer.data(), answer.size()), "HTTP/1.1 200");
}

TEST(ServerStart, WithoutDescriptorsIsAFailureAndNoException) {
  ManualClock clock;
  telemetry::Metrics metrics;
  telemetry::Health health;
  telemetry::Log log(clock, telemetry::LogFormat::plain, telemetry::Level::error, [](std::string_view) {});
  ByteBudget budget(64 << 20);
  rlimit usual;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto server = Server::start({}, clock, {metrics, log, health}, budget, [](const Request&, const Reply&) {});
  const auto client = Client::connect("127.0.0.1:1", patience);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Code::io) << server.error().what;
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Code::io) << client.error().what;
}

}  // namespace
}  // namespace leat::http
