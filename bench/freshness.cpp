// bench/freshness.cpp — how long until another service's query shows what a command changed. Each round renames a
// person of bench/system and asks for a post of theirs, with the position that the command answered; the post must show
// the new name.
//   --port=N --pid=N --seconds=1
//   --connections=1        each does one round after the other
//   --rate=0               rounds begun each second over all connections, on time; 0: one right after the other
// Prints one line of JSON; latencies run from the command's (intended) sending to the query's answer. `pace` is the
// share of the intended rounds that came to their end in time; below 1 the latencies say how late the load had become.
#include "bench/crowd.h"
#include "bench/http_client.h"
#include "bench/process.h"

namespace {

struct Seen {
  bench::Samples from_answer;
  double stale = 0;
};

class Person {
 public:
  Person(int port, int number, Seen& seen) : socket_(bench::connect_to(port)), number_(number), seen_(seen) {}
  Person(const Person&) = delete;
  ~Person() { ::close(socket_); }

  int socket_number() const { return socket_; }

  void begin() {
    name_ = "fresh_" + std::to_string(number_) + "_" + std::to_string(++renames_);
    const auto body = "{\"username\":\"" + name_ + "\"}";
    bench::send_all(socket_, "PATCH /people/" + std::to_string(number_) +
                                 " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body);
    looking_ = false;
  }

  // True when the query has answered.
  bool receive() {
    char bytes[16384];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    bench::must(count > 0, "the server closed the connection");
    input_.append(bytes, static_cast<std::size_t>(count));
    if (bench::response_bytes(input_) == 0) return false;
    if (looking_) {
      seen_.from_answer.add(bench::now_ns() - answered_);
      seen_.stale += input_.find(name_) == std::string::npos ? 1 : 0;
    } else {
      look();
    }
    input_.clear();
    return std::exchange(looking_, true);
  }

 private:
  void look() {
    answered_ = bench::now_ns();
    bench::send_all(socket_, "GET /posts/" + std::to_string(number_ - 1) +
                                 " HTTP/1.1\r\nHost: localhost\r\nLeat-Position: " +
                                 std::string(bench::field(input_, "leat-position")) + "\r\n\r\n");
  }

  int socket_, number_;
  Seen& seen_;
  std::string name_, input_;
  int renames_ = 0;
  bool looking_ = false;  // the command has answered, the query has not
  std::int64_t answered_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto pid = static_cast<int>(bench::number(argc, argv, "pid", 0));
  const auto rate = bench::number(argc, argv, "rate", 0);
  Seen seen;
  std::vector<std::unique_ptr<Person>> people;
  for (int i = 0; i < static_cast<int>(bench::number(argc, argv, "connections", 1)); ++i)
    people.push_back(std::make_unique<Person>(static_cast<int>(bench::number(argc, argv, "port", 0)), i + 2,
                                              seen));  // bench/cases.py: post i is by person i + 1
  bench::Crowd<Person> crowd(std::move(people), rate);
  auto done = bench::run_crowd(
      crowd, bench::number(argc, argv, "seconds", 1), [&] { return bench::cpu_seconds_of(pid); },
      [&] { seen.from_answer = {}; });
  const auto pace = rate > 0 ? done.outcome.operations / (rate * done.outcome.seconds) : 1;
  const auto client = done.client_cpu_us();
  bench::print(std::move(done.outcome), {{"after_answer_p50_us", seen.from_answer.percentile(.5)},
                                         {"after_answer_p99_us", seen.from_answer.percentile(.99)},
                                         {"client_cpu_us", client},
                                         {"pace", pace},
                                         {"stale", seen.stale}});
}
