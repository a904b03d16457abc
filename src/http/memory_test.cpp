// What a server does when the process's byte budget is spent: bodies wait unread, queries go on, and all comes back.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/connection.h"
#include "http/server_fixture.h"

namespace leat::http {
namespace {

constexpr std::size_t body_bytes = 60 << 10;
constexpr std::string_view get = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

std::string header(std::string_view target, std::size_t bytes = body_bytes) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", target, bytes);
}
std::string post(std::string_view target) { return header(target) + std::string(body_bytes, 'x'); }

// Two bodies of body_bytes fit beside some connections, a third does not.
class Memory : public ServerTest {
 protected:
  void start_small(std::size_t budget_bytes = 256 << 10, std::size_t waiting_max = 1024) {
    budget_ = std::make_unique<ByteBudget>(budget_bytes, waiting_max);
    start({.body_bytes = body_bytes});
  }

  // Clients whose bodies are read and not answered, until no more fits; the budget's users.
  std::vector<Reply> fill(std::vector<Client>& clients) {
    std::vector<Reply> replies;
    for (int i = 0; i < 2; ++i) {
      clients.push_back(connect());
      EXPECT_TRUE(clients.back().send(post("/later")));
      replies.push_back(std::move(await_kept(1).front()));
    }
    return replies;
  }

  void await_waiting(std::size_t count) {
    while (usage(ByteUser::requests).waiting != count) std::this_thread::yield();
  }
  void await_all_given_back() {
    while (budget_->available() != budget_->total()) std::this_thread::yield();
  }
};

TEST_F(Memory, ABodyWaitsUnreadUntilBytesComeBackInTheOrderOfTheRequests) {
  start_small();
  std::vector<Client> clients;
  auto replies = fill(clients);
  Client third = connect(), fourth = connect();
  ASSERT_TRUE(third.send(post("/third")));
  await_waiting(1);
  ASSERT_TRUE(fourth.send(post("/fourth")));
  await_waiting(2);
  EXPECT_EQ(connect().ask({.method = "GET", .target = "/next"}).value().status, 200) << "queries go on";

  replies[0](text("first"));
  EXPECT_EQ(clients[0].receive().value().body, "first");
  EXPECT_EQ(third.receive().value().body.size(), body_bytes + std::string_view("POST /third ").size());
  EXPECT_EQ(fourth.receive().value().status, 200);
  EXPECT_EQ(usage(ByteUser::requests).waits, 2u);
  EXPECT_EQ(usage(ByteUser::requests).sheds, 0u);
}

TEST_F(Memory, ARequestThatPipelinesBehindOneThatWaitsWaitsToo) {
  start_small();
  std::vector<Client> clients;
  auto replies = fill(clients);
  Client third = connect();
  ASSERT_TRUE(third.send(post("/third") + std::string(get)));
  await_waiting(1);
  replies.clear();
  EXPECT_EQ(third.receive().value().status, 200);
  EXPECT_EQ(third.receive().value().body, "GET /next ");
}

TEST_F(Memory, WhoIsAskedToContinueHasItsBytes) {
  start_small();
  std::vector<Client> clients;
  auto replies = fill(clients);
  Client third = connect();
  ASSERT_TRUE(third.send("POST /third HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 61440\r\n\r\n"));
  await_waiting(1);
  clock_.advance(seconds(5));
  EXPECT_EQ(third.receive().value().status, 503) << "without a 100 before it";
}

TEST_F(Memory, WaitingHasADeadlineAndEndsWithTheAdviceToTryAgain) {
  start_small();
  std::vector<Client> clients;
  auto replies = fill(clients);
  Client third = connect();
  ASSERT_TRUE(third.send(header("/third")));
  await_waiting(1);
  clock_.advance(seconds(5));
  const auto answer = third.receive().value();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.get("Retry-After"), "1");
  EXPECT_TRUE(third.await_close());
  EXPECT_EQ(hits(Limit::memory), 1u);
  EXPECT_EQ(usage(ByteUser::requests).sheds, 1u);
  EXPECT_EQ(usage(ByteUser::requests).waiting, 0u);
}

TEST_F(Memory, WhenTooManyWaitTheNextIsTurnedAwayAtOnce) {
  start_small(256 << 10, 1);
  std::vector<Client> clients;
  auto replies = fill(clients);
  Client third = connect(), fourth = connect();
  ASSERT_TRUE(third.send(header("/third")));
  await_waiting(1);
  ASSERT_TRUE(fourth.send(header("/fourth")));
  EXPECT_EQ(fourth.receive().value().status, 503);
  EXPECT_EQ(usage(ByteUser::requests).waiting, 1u);
}

TEST_F(Memory, AClientThatLeavesWhileItWaitsCostsNobodyAnything) {
  start_small();
  std::vector<Client> clients;
  auto replies = fill(clients);
  {
    Client third = connect();
    ASSERT_TRUE(third.send(header("/third") + "some of it"));
    await_waiting(1);
  }
  Client fourth = connect();
  ASSERT_TRUE(fourth.send(post("/fourth")));
  await_waiting(2);
  replies.clear();
  EXPECT_EQ(fourth.receive().value().status, 200);
  clients.clear();
  EXPECT_TRUE(fourth.finish());
  await_all_given_back();
}

TEST_F(Memory, TheServerMayEndWhileRequestsWait) {
  start_small();
  std::vector<Client> clients;
  auto replies = fill(clients);
  Client third = connect();
  ASSERT_TRUE(third.send(header("/third")));
  await_waiting(1);
  server_.reset();
  EXPECT_EQ(usage(ByteUser::requests).waiting, 0u);
  replies.clear();
  EXPECT_EQ(budget_->available(), budget_->total());
}

// Forty clients claim large bodies and send next to nothing. Who comes later does not pay for it longer than `scarce`.
TEST_F(Memory, ManySlowBodiesStayWithinTheBudgetAndMakeRoom) {
  start_small(2 << 20);
  std::vector<Client> slow;
  for (int i = 0; i < 40; ++i) {
    slow.push_back(connect());
    ASSERT_TRUE(slow.back().send(header("/slow") + "x"));
  }
  while (usage(ByteUser::requests).leased / body_bytes + usage(ByteUser::requests).waiting < 40)
    std::this_thread::yield();
  EXPECT_LE(usage(ByteUser::requests).leased, budget_->most(ByteUser::requests));
  EXPECT_EQ(connect().ask({.method = "GET", .target = "/next"}).value().status, 200);
  clock_.advance(seconds(4));
  await_ticks(2);
  const auto waits = usage(ByteUser::requests).waits;
  Client late = connect();
  ASSERT_TRUE(late.send(post("/late")));
  while (usage(ByteUser::requests).waits == waits) std::this_thread::yield();
  clock_.advance(seconds(1));
  EXPECT_EQ(late.receive().value().status, 200);
  EXPECT_GE(hits(Limit::scarce), 1u) << "one that was slow with what others waited for";
  clock_.advance(seconds(30));  // nobody waits any more, so the others have their full time
  for (Client& client : slow) EXPECT_THAT(client.receive().value().status, testing::AnyOf(408, 503));
  slow.clear();
  EXPECT_TRUE(late.finish());
  await_all_given_back();
}

TEST_F(Memory, WhatSlowReadersHaveNotTakenIsCountedAndHasABound) {
  budget_ = std::make_unique<ByteBudget>(32 << 20);  // three answers of 8 MiB fit
  start();
  std::vector<Client> slow;
  for (std::size_t i = 0; i < 5; ++i) {
    slow.push_back(connect());
    ASSERT_TRUE(slow.back().send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
    const auto settled = [&] { return usage(ByteUser::answers).leased / (8 << 20) + hits(Limit::memory); };
    while (settled() < i + 1) std::this_thread::yield();
  }
  EXPECT_EQ(usage(ByteUser::answers).sheds, 2u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(slow[i].receive().value().body.size(), 8u << 20);
  for (std::size_t i = 3; i < 5; ++i) EXPECT_FALSE(slow[i].receive()) << "cut off in the middle";
  while (usage(ByteUser::answers).leased != 0) std::this_thread::yield();
  slow.clear();
  await_all_given_back();
}

TEST_F(Memory, AnswersBeforeTheirTurnAreCounted) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
  auto replies = await_kept(1);
  while (usage(ByteUser::answers).leased < 8 << 20) std::this_thread::yield();
  replies[0](text("first"));
  EXPECT_EQ(client.receive().value().body, "first");
  EXPECT_EQ(client.receive().value().body.size(), 8u << 20);
  while (usage(ByteUser::answers).leased != 0) std::this_thread::yield();
}

TEST_F(Memory, AConnectionThatCannotBePaidForIsToldToComeAgain) {
  budget_ = std::make_unique<ByteBudget>(32 << 10);  // three connections leave an eighth
  start({.body_bytes = 1 << 10});
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(connect());
    EXPECT_EQ(clients.back().ask({.method = "GET", .target = "/next"}).value().status, 200);
  }
  EXPECT_EQ(connect().receive().value().status, 503);
  EXPECT_EQ(usage(ByteUser::connections).sheds, 1u);
  clients.clear();
  await_all_given_back();
  EXPECT_EQ(connect().ask({.method = "GET", .target = "/next"}).value().status, 200);
}

TEST_F(Memory, ALongHeaderThatCannotBePaidForIsRefused) {
  budget_ = std::make_unique<ByteBudget>(24 << 10);
  start({.body_bytes = 1 << 10});
  Client client = connect();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(7 << 10, 'x') + "\r\n\r\n"));
  EXPECT_EQ(client.receive().value().status, 200);
  Client longer = connect();
  ASSERT_TRUE(longer.send(fmt::format("GET /{} HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", std::string(7 << 10, 'y'),
                                      std::string(7 << 10, 'x'))));
  EXPECT_EQ(longer.receive().value().status, 503);
}

TEST_F(Memory, ABudgetThatHoldsNoBodyIsRefused) {
  ByteBudget budget(1 << 20);
  const auto server = Server::start({}, clock_, {metrics_, log_, health_}, budget, [](const Request&, const Reply&) {});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Code::invalid);
  EXPECT_THAT(server.error().what, testing::HasSubstr("body_bytes"));
}

TEST_F(Memory, ChunkedBodiesGiveBackWhatTheyDidNotBecome) {
  start_small();
  Client client = connect();
  ASSERT_TRUE(
      client.send("POST /later HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  auto replies = await_kept(1);
  EXPECT_LE(usage(ByteUser::requests).leased, 64u);
  EXPECT_GT(usage(ByteUser::requests).leased, 0u) << "it is held until it is answered";
  replies[0](text("ok"));
  EXPECT_EQ(client.receive().value().body, "ok");
  while (usage(ByteUser::requests).leased != 0) std::this_thread::yield();
}

}  // namespace
}  // namespace leat::http
