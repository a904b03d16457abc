// bench/load.cpp — a closed-loop HTTP client: each connection sends its next page when the last is whole.
//   --port=N --connections=8 --seconds=2
//   --path=/api/posts/{}   {} becomes a random number in 1..--keys=2000
//   --calls=1              requests that make one page; --pipeline=1 sends them all at once instead of one after the
//   other
//   --header=NAME: VALUE   sent with each request
//   --pid=N                the server, whose CPU time is reported
// Prints one line of JSON; an operation is one page. Any status but 2xx ends the run with exit code 1.
#include <memory>
#include <random>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench/http_client.h"
#include "bench/measure.h"

namespace {

// A request with a hole for the key.
struct Target {
  std::string before, after;
};

struct Shape {
  Target first, then;
  unsigned keys;
  int calls;
  bool pipeline;
};

// One keep-alive connection and the page it is waiting for.
class Connection {
 public:
  Connection(int port, const Shape& shape, std::minstd_rand& random)
      : shape_(shape), random_(random), socket_(bench::connect_to(port)) {}
  Connection(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  int socket_number() const { return socket_; }
  std::int64_t begun() const { return begun_; }
  std::size_t bytes_received() const { return bytes_received_; }

  void begin_page() {
    begun_ = bench::now_ns();
    missing_ = shape_.calls;
    request(shape_.first, 1);
  }

  // Takes what has come; true when the page is whole.
  bool receive() {
    char bytes[65536];
    const auto count = recv(socket_, bytes, sizeof bytes, 0);
    bench::must(count > 0, "the server closed the connection");
    bytes_received_ += static_cast<std::size_t>(count);
    input_.append(bytes, static_cast<std::size_t>(count));
    while (const auto size = bench::response_bytes(input_)) {
      input_.erase(0, size);
      if (--missing_ == 0) return true;
      if (!shape_.pipeline) request(shape_.then, 1);
      if (shape_.pipeline && missing_ == shape_.calls - 1) request(shape_.then, missing_);
    }
    return false;
  }

 private:
  void request(const Target& target, int count) {
    output_.clear();
    for (int i = 0; i < count; ++i)
      output_ += target.before + std::to_string(1 + random_() % shape_.keys) + target.after;
    bench::send_all(socket_, output_);
  }

  const Shape& shape_;
  std::minstd_rand& random_;
  int socket_;
  std::int64_t begun_ = 0;
  int missing_ = 0;
  std::size_t bytes_received_ = 0;
  std::string input_, output_;
};

Target target_of(const std::string& path, const std::string& header) {
  const auto hole = path.find("{}");
  bench::must(hole != std::string::npos, "a path without {}");
  return {.before = "GET " + path.substr(0, hole),
          .after = path.substr(hole + 2) + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n"};
}

Shape shape_of(int argc, char** argv) {
  const auto path = bench::option(argc, argv, "path", "/{}");
  auto header = bench::option(argc, argv, "header", "");
  if (!header.empty()) header += "\r\n";
  return {.first = target_of(path, header),
          .then = target_of(bench::option(argc, argv, "then", path), header),
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
  const auto cpu = bench::cpu_seconds_of(pid), own_cpu = bench::cpu_seconds();
  const auto bytes = load.bytes_received();
  load.run_until(begun + static_cast<std::int64_t>(bench::number(argc, argv, "seconds", 2) * 1e9), outcome);
  outcome.seconds = static_cast<double>(bench::now_ns() - begun) * 1e-9;
  outcome.cpu_seconds = bench::cpu_seconds_of(pid) - cpu;
  const auto operations = outcome.operations;
  bench::print(std::move(outcome), {{"client_cpu_us", (bench::cpu_seconds() - own_cpu) / operations * 1e6},
                                    {"bytes", static_cast<double>(load.bytes_received() - bytes) / operations}});
}
