// bench/load.cpp — an HTTP client of many connections, each with one page under way.
//   --port=N --connections=8 --seconds=2
//   --path=/api/posts/{}   {} becomes a random number in 1..--keys=2000
//   --rate=0               pages begun each second, on time, latencies from then; 0: the next when the last is whole
//   --calls=1              requests that make one page; --pipeline=1 sends them all at once instead of one after the
//   other
//   --header=NAME: VALUE   sent with each request
//   --pid=N                the server, whose CPU time is reported
// Prints one line of JSON; an operation is one page. Any status but 2xx ends the run with exit code 1.
#include <memory>
#include <random>

#include "bench/crowd.h"
#include "bench/http_client.h"
#include "bench/process.h"

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
  std::size_t bytes_received() const { return bytes_received_; }

  void begin() {
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

std::size_t bytes_received(const std::vector<Connection*>& connections) {
  std::size_t all = 0;
  for (const auto* connection : connections) all += connection->bytes_received();
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const auto pid = static_cast<int>(bench::number(argc, argv, "pid", 0));
  const auto shape = shape_of(argc, argv);
  const auto rate = bench::number(argc, argv, "rate", 0);
  std::minstd_rand random(7);
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<Connection*> all;
  for (int i = 0; i < static_cast<int>(bench::number(argc, argv, "connections", 8)); ++i)
    all.push_back(connections
                      .emplace_back(std::make_unique<Connection>(static_cast<int>(bench::number(argc, argv, "port", 0)),
                                                                 shape, random))
                      .get());
  bench::Crowd<Connection> crowd(std::move(connections), rate);
  std::size_t before = 0;
  auto done = bench::run_crowd(
      crowd, bench::number(argc, argv, "seconds", 2), [&] { return bench::cpu_seconds_of(pid); },
      [&] { before = bytes_received(all); });
  const auto bytes = static_cast<double>(bytes_received(all) - before) / done.outcome.operations;
  const auto pace = rate > 0 ? done.outcome.operations / (rate * done.outcome.seconds) : 1;
  const auto client = done.client_cpu_us();
  bench::print(std::move(done.outcome), {{"client_cpu_us", client}, {"bytes", bytes}, {"pace", pace}});
}
