// http/server_fixture.h — a server for tests, whose handler does what the target says, on a clock that only the test
// moves.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "http/client.h"
#include "http/server.h"

namespace leat::http {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr platform::Duration patience = seconds(20);  // of tests that would otherwise hang

// Time that only the test moves.
class ManualClock final : public platform::Clock {
 public:
  std::int64_t unix_ms() override { return 1'795'305'084'007; }
  platform::Instant now() override {
    ++asked_;
    return platform::Instant(platform::Duration(now_.load()));
  }
  void advance(platform::Duration by) { now_ += by.count(); }
  std::uint64_t asked() const { return asked_; }

 private:
  std::atomic<std::int64_t> now_{1};
  std::atomic<std::uint64_t> asked_{0};
};

// A server whose handler does what the target says.
class ServerTest : public testing::Test {
 public:
  ~ServerTest() override { server_.reset(); }

 protected:
  void start(Limits limits = {}, unsigned threads = 1) {
    ServerOptions options{.threads = threads, .limits = limits, .tick = milliseconds(1)};
    auto server = Server::start(options, clock_, {metrics_, log_, health_}, *budget_,
                                [this](const Request& request, Reply reply) { handle(request, std::move(reply)); });
    ASSERT_TRUE(server) << server.error().what;
    server_ = *std::move(server);
  }

  void handle(const Request& request, Reply reply) {
    if (request.target == "/later") return keep(std::move(reply));
    if (request.target == "/never") return;
    if (request.target == "/throw") throw std::runtime_error("a mistake");
    if (request.target == "/empty") return reply({.status = 204});
    if (request.target == "/large") return reply({.content_type = "text/plain", .body = std::string(8 << 20, 'x')});
    if (request.target == "/split") {
      Response split{.content_type = "text/plain", .body = "x"};
      split.headers.add("X-Evil", "a\r\nX-Forged: 1");
      return reply(std::move(split));
    }
    reply({.content_type = "text/plain", .body = request.method + " " + request.target + " " + request.body});
  }

  void keep(Reply reply) {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(reply));
    changed_.notify_all();
  }

  std::vector<Reply> await_kept(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return kept_.size() >= count; });
    return std::exchange(kept_, {});
  }

  // A server that nobody talks to reads the clock at its ticks only.
  void await_ticks(std::uint64_t count) {
    const std::uint64_t before = clock_.asked();
    while (clock_.asked() < before + count) std::this_thread::yield();
  }

  // Requires: the clock stands still, so none is closed for its time.
  void await_connections(double count) {
    auto& open = metrics_.gauge("leat_http_connections", "", {{"listener", "http"}});
    while (open.value() != count) std::this_thread::yield();
  }

  ByteBudget::Usage usage(ByteUser user) { return budget_->usage(user); }

  Client connect() { return Client::connect(server_->address(), patience).value(); }

  std::uint64_t hits(Limit limit) {
    return metrics_.counter("leat_http_limit_total", "", {{"listener", "http"}, {"limit", name(limit)}}).value();
  }

  ManualClock clock_;
  std::unique_ptr<ByteBudget> budget_ = std::make_unique<ByteBudget>(256 << 20);
  telemetry::Metrics metrics_;
  telemetry::Health health_;
  telemetry::Log log_{clock_, telemetry::LogFormat::plain, telemetry::Level::error, [](std::string_view) {}};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Reply> kept_;
  std::unique_ptr<Server> server_;
};

inline Response text(std::string body) { return {.content_type = "text/plain", .body = std::move(body)}; }

}  // namespace leat::http
