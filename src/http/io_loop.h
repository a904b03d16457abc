// http/io_loop.h — one I/O thread: its sockets, its connections, the mailbox through which other threads answer, and
// one coarse tick that looks after every deadline.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/byte_budget.h"
#include "http/http.h"
#include "http/limits.h"
#include "http/server_metrics.h"
#include "telemetry/telemetry.h"

namespace leat::http {

class Connection;
class IoLoop;

// What all loops of one server share. Outlives them.
struct Shared {
  Limits limits;
  Handler handler;
  platform::Clock& clock;
  telemetry::Log& log;
  ByteBudget& budget;
  ServerMetrics metrics;
  platform::Duration tick;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> draining{false};
  std::atomic<platform::Instant> drain_end{};  // then connections are cut off
  std::atomic<bool> cut_off{false};            // whether one was
};

// Where answers from other threads wait for the loop. Shared with every unanswered request, so it may outlive the loop;
// what is put in afterwards is dropped. Only the first of several answers wakes the loop.
class Mailbox {
 public:
  struct Answer {
    std::weak_ptr<Connection> connection;
    std::uint64_t number;
    Response response;
  };

  explicit Mailbox(IoLoop& loop) : loop_(&loop) {}
  // From any thread.
  void put(Answer);
  void post(Task);  // runs it on the loop, later
  void close();     // the loop goes

 private:
  void deliver();

  std::mutex mutex_;
  IoLoop* loop_;  // null once closed
  std::vector<Answer> waiting_;
  std::vector<Answer> delivering_;  // the loop's alone; empty between deliveries, kept for its memory
};

class IoLoop {
 public:
  explicit IoLoop(Shared&);
  ~IoLoop();  // stops, and drops the connections

  void run_thread(std::string name);
  void stop();  // ends the thread

  // From any thread.
  void adopt(boost::asio::ip::tcp::socket, ByteBudget::Lease);
  void look_around();  // a tick out of turn

  // On the loop's thread only.
  void answer_all(std::vector<Mailbox::Answer>&);
  void forget(const std::shared_ptr<Connection>&);
  std::string_view date() const { return date_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  Shared& shared() { return shared_; }
  bool is_current() const;

  boost::asio::io_context& io() { return io_; }

 private:
  void begin(boost::asio::ip::tcp::socket, ByteBudget::Lease);
  void schedule_tick();
  void tick();

  Shared& shared_;
  boost::asio::io_context io_{1};
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  boost::asio::steady_timer timer_{io_};
  std::string date_;
  std::thread thread_;
};

}  // namespace leat::http
