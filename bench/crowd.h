// bench/crowd.h — many connections on one thread, each with one operation under way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/prctl.h>

#include "bench/measure.h"

namespace bench {

// A Connection has: int socket_number() const; void begin(), which sends an operation; bool receive(), which takes what
// has come and tells whether the operation is whole.
template <class Connection>
class Crowd {
 public:
  // `rate`: operations begun each second over all connections, as on a timetable, however late the last one is (open
  // loop); 0: a connection begins its next when its last is whole (closed loop).
  Crowd(std::vector<std::unique_ptr<Connection>> connections, double rate)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)),
        step_(rate > 0 ? static_cast<std::int64_t>(static_cast<double>(connections.size()) / rate * 1e9) : 0) {
    if (step_ > 0) ::prctl(PR_SET_TIMERSLACK, 1UL);
    members_.reserve(connections.size());
    const auto begun = now_ns();
    for (auto& connection : connections) {
      const auto nth = static_cast<std::int64_t>(members_.size());
      auto& member = members_.emplace_back(
          Member{std::move(connection), begun + step_ * nth / static_cast<std::int64_t>(connections.size())});
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &member}};
      must(epoll_ctl(epoll_, EPOLL_CTL_ADD, member.connection->socket_number(), &event) == 0, "epoll_ctl");
      waiting_.push({member.intended, &member});
    }
  }
  Crowd(const Crowd&) = delete;
  ~Crowd() { ::close(epoll_); }

  // Latencies count from the time at which an operation was to begin. What is under way at `end` goes on in the next
  // call.
  void run_until(std::int64_t end, Outcome& outcome) {
    epoll_event ready[256];
    for (auto now = now_ns(); now < end; now = now_ns()) {
      for (; !waiting_.empty() && waiting_.top().first <= now; waiting_.pop())
        waiting_.top().second->connection->begin();
      const auto next = waiting_.empty() ? end : std::min(end, waiting_.top().first);
      const timespec patience{.tv_sec = (next - now) / 1'000'000'000, .tv_nsec = (next - now) % 1'000'000'000};
      const int count = epoll_pwait2(epoll_, ready, 256, &patience, nullptr);
      for (int i = 0; i < count; ++i) receive(*static_cast<Member*>(ready[i].data.ptr), outcome);
    }
  }

 private:
  struct Member {
    std::unique_ptr<Connection> connection;
    std::int64_t intended;  // when its operation was to begin
  };
  using Due = std::pair<std::int64_t, Member*>;

  void receive(Member& member, Outcome& outcome) {
    if (!member.connection->receive()) return;
    const auto now = now_ns();
    outcome.latencies.add(now - member.intended);
    outcome.operations += 1;
    member.intended = step_ > 0 ? member.intended + step_ : now;
    if (member.intended > now) return waiting_.push({member.intended, &member});
    member.connection->begin();
  }

  int epoll_;
  std::int64_t step_;
  std::vector<Member> members_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> waiting_;  // for their time
};

// What a crowd did, and what it cost the client itself: were that near a whole core, the client would be the limit.
struct CrowdOutcome {
  Outcome outcome;
  double client_cpu_seconds = 0;

  double client_cpu_us() const { return client_cpu_seconds / outcome.operations * 1e6; }
};

// A crowd for `seconds`, behind a warm-up. `cpu_seconds` tells what the server has used so far; `begin` is called
// when the warm-up is over.
template <class Connection, class Cpu, class Begin>
CrowdOutcome run_crowd(Crowd<Connection>& crowd, double seconds, Cpu&& cpu_seconds, Begin&& begin) {
  Outcome warm_up;
  CrowdOutcome out;
  crowd.run_until(now_ns() + 300'000'000, warm_up);
  begin();
  const auto begun = now_ns();
  const double server = cpu_seconds(), client = bench::cpu_seconds();
  crowd.run_until(begun + static_cast<std::int64_t>(seconds * 1e9), out.outcome);
  out.outcome.seconds = static_cast<double>(now_ns() - begun) * 1e-9;
  out.outcome.cpu_seconds = cpu_seconds() - server;
  out.client_cpu_seconds = bench::cpu_seconds() - client;
  return out;
}

}  // namespace bench
