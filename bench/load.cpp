// bench/load.cpp — a closed-loop HTTP client: each connection sends its next page when the last is whole.
//   --port=N --connections=8 --seconds=2
//   --path=/api/posts/{}   {} becomes a random number in 1..--keys=2000
//   --calls=1              requests that make one page; --pipeline=1 sends them all at once instead of one after the
//   other
//   --header=NAME: VALUE   sent with each request
//   --pid=N                the server, whose CPU time is reported
// Prints one line of JSON; an operation is one page. Any status but 200 ends the run with exit code 1.
#include <charconv>
#include <memory>
#include <random>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench/measure.h"

namespace {

// User and system time of another process, all its threads.
double cpu_seconds_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (text.empty()) return 0;
  std::uint64_t user = 0, system = 0;
  std::sscanf(text.c_str() + text.rfind(')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
              &system);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// How many bytes the first whole response in `input` has; 0 when it is not whole yet.
std::size_t response_bytes(std::string_view input) {
  const auto end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  if (!input.starts_with("HTTP/1.1 200")) {
    std::fprintf(stderr, "load: not a 200: %.*s\n", static_cast<int>(std::min<std::size_t>(input.size(), 600)),
                 input.data());
    std::exit(1);
  }
  constexpr std::string_view name = "ontent-length: ";
  std::size_t length = 0;
  auto at = input.find("Content-Length: ");
  if (at == std::string_view::npos) at = input.find("content-length: ");
  if (at == std::string_view::npos || at > end) return 0;
  at += name.size() + 1;
  std::from_chars(input.data() + at, input.data() + end, length);
  return input.size() >= end + 4 + length ? end + 4 + length : 0;
}

struct Shape {
  std::string before, after;  // around the key
  unsigned keys;
  int calls;
  bool pipeline;
};

// One keep-alive connection and the page it is waiting for.
class Connection {
 public:
  Connection(int port, const Shape& shape, std::minstd_rand& random) : shape_(shape), random_(random) {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(static_cast<std::uint16_t>(port));
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bench::must(connect(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0, "connect");
    const int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  Connection(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  int socket_number() const { return socket_; }
  std::int64_t begun() const { return begun_; }
  std::size_t bytes_received() const { return bytes_received_; }

  void begin_page() {
    begun_ = bench::now_ns();
    missing_ = shape_.calls;
    request(shape_.pipeline ? shape_.calls : 1);
  }

  // Takes what has come; true when the page is whole.
  bool receive() {
    char bytes[65536];
    const auto count = recv(socket_, bytes, sizeof bytes, 0);
    bench::must(count > 0, "the server closed the connection");
    bytes_received_ += static_cast<std::size_t>(count);
    input_.append(bytes, static_cast<std::size_t>(count));
    while (const auto size = response_bytes(input_)) {
      input_.erase(0, size);
      if (--missing_ == 0) return true;
      if (!shape_.pipeline) request(1);
    }
    return false;
  }

 private:
  void request(int count) {
    output_.clear();
    for (int i = 0; i < count; ++i)
      output_ += shape_.before + std::to_string(1 + random_() % shape_.keys) + shape_.after;
    bench::must(send(socket_, output_.data(), output_.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(output_.size()),
                "send");
  }

  const Shape& shape_;
  std::minstd_rand& random_;
  int socket_;
  std::int64_t begun_ = 0;
  int missing_ = 0;
  std::size_t bytes_received_ = 0;
  std::string input_, output_;
};

Shape shape_of(int argc, char** argv) {
  const auto path = bench::option(argc, argv, "path", "/{}");
  auto header = bench::option(argc, argv, "header", "");
  if (!header.empty()) header += "\r\n";
  const auto hole = path.find("{}");
  const bool fixed = hole == std::string::npos;
  return {.before = "GET " + (fixed ? path + "?n=" : path.substr(0, hole)),
          .after = (fixed ? "" : path.substr(hole + 2)) + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n",
          .keys = static_cast<unsigned>(bench::number(argc, argv, "keys", 2000)),
          .calls = static_cast<int>(bench::number(argc, argv, "calls", 1)),
          .pipeline = bench::number(argc, argv, "pipeline", 0) != 0};
}

class Load {
 public:
  Load(int port, int connections, const Shape& shape) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (int i = 0; i < connections; ++i) {
      auto& connection = *connections_.emplace_back(std::make_unique<Connection>(port, shape, random_));
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket_number(), &event);
      connection.begin_page();
    }
  }

  void run_until(std::int64_t end, bench::Outcome& outcome) {
    epoll_event ready[256];
    while (bench::now_ns() < end) {
      const int count = epoll_wait(epoll_, ready, 256, 100);
      for (int i = 0; i < count; ++i) {
        auto& connection = *static_cast<Connection*>(ready[i].data.ptr);
        if (!connection.receive()) continue;
        outcome.latencies.add(bench::now_ns() - connection.begun());
        outcome.operations += 1;
        connection.begin_page();
      }
    }
  }

  std::size_t bytes_received() const {
    std::size_t all = 0;
    for (const auto& connection : connections_) all += connection->bytes_received();
    return all;
  }

 private:
  int epoll_;
  std::minstd_rand random_{7};
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto pid = static_cast<int>(bench::number(argc, argv, "pid", 0));
  const auto shape = shape_of(argc, argv);
  Load load(static_cast<int>(bench::number(argc, argv, "port", 0)),
            static_cast<int>(bench::number(argc, argv, "connections", 8)), shape);
  bench::Outcome warm_up, outcome;
  load.run_until(bench::now_ns() + 300'000'000, warm_up);
  const auto begun = bench::now_ns();
  const auto cpu = cpu_seconds_of(pid), own_cpu = bench::cpu_seconds();
  const auto bytes = load.bytes_received();
  load.run_until(begun + static_cast<std::int64_t>(bench::number(argc, argv, "seconds", 2) * 1e9), outcome);
  outcome.seconds = static_cast<double>(bench::now_ns() - begun) * 1e-9;
  outcome.cpu_seconds = cpu_seconds_of(pid) - cpu;
  const auto operations = outcome.operations;
  bench::print(std::move(outcome), {{"client_cpu_us", (bench::cpu_seconds() - own_cpu) / operations * 1e6},
                                    {"bytes", static_cast<double>(load.bytes_received() - bytes) / operations}});
}
