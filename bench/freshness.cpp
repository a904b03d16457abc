// bench/freshness.cpp — how long until another service's query shows what a command changed. Each round renames a
// person of bench/system and asks for a post of theirs, with the position that the command answered; a post that
// does not show the new name ends the run with exit code 1.
//   --port=N --pid=N --seconds=1
//   --connections=1        each does one round after the other
//   --rate=0               rounds begun each second over all connections, on time; 0: one right after the other
//   --look=1               0: commands alone, nothing is asked
// Prints one line of JSON; latencies run from the command's (intended) sending to the query's answer. `pace` is the
// share of the intended rounds that came to their end in time; below 1 the latencies say how late the load had become.
#include "bench/crowd.h"
#include "bench/http_client.h"
#include "bench/process.h"

namespace {

class Person {
 public:
  Person(int port, int number, bool looks, bench::Samples& from_answer)
      : socket_(bench::connect_to(port)), number_(number), looks_(looks), from_answer_(from_answer) {}
  Person(const Person&) = delete;
  ~Person() { ::close(socket_); }

  int socket_number() const { return socket_; }

  void begin() {
    name_ = "\"fresh_" + std::to_string(number_) + "_" + std::to_string(++renames_) + "\"";
    const auto body = "{\"username\":" + name_ + "}";
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
      from_answer_.add(bench::now_ns() - answered_);
      if (input_.find(name_) == std::string::npos) stale();
    } else if (looks_) {
      look();
    }
    input_.clear();
    return std::exchange(looking_, true) || !looks_;
  }

 private:
  void look() {
    answered_ = bench::now_ns();
    bench::send_all(socket_, "GET /posts/" + std::to_string(number_ - 1) +
                                 " HTTP/1.1\r\nHost: localhost\r\nLeat-Position: " +
                                 std::string(bench::field(input_, "leat-position")) + "\r\n\r\n");
  }

  [[noreturn]] void stale() const {
    std::fprintf(stderr, "a query did not show what the command before it had changed: %s\n", input_.c_str());
    std::exit(1);
  }

  int socket_, number_;
  bool looks_;
  bench::Samples& from_answer_;
  std::string name_, input_;
  std::int64_t renames_ = bench::now_ns();  // no name was there in a run before
  bool looking_ = false;                    // the command has answered, the query has not
  std::int64_t answered_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto pid = static_cast<int>(bench::number(argc, argv, "pid", 0));
  const auto rate = bench::number(argc, argv, "rate", 0);
  const auto looks = bench::number(argc, argv, "look", 1) != 0;
  bench::Samples from_answer;
  std::vector<std::unique_ptr<Person>> people;
  for (int i = 0; i < static_cast<int>(bench::number(argc, argv, "connections", 1)); ++i)
    people.push_back(std::make_unique<Person>(static_cast<int>(bench::number(argc, argv, "port", 0)), i + 2, looks,
                                              from_answer));  // bench/cases.py: post i is by person i + 1
  bench::Crowd<Person> crowd(std::move(people), rate);
  auto done = bench::run_crowd(
      crowd, bench::number(argc, argv, "seconds", 1), [&] { return bench::cpu_seconds_of(pid); },
      [&] { from_answer = {}; });
  const auto pace = rate > 0 ? done.outcome.operations / (rate * done.outcome.seconds) : 1;
  const auto client = done.client_cpu_us();
  bench::print(std::move(done.outcome), {{"after_answer_p50_us", from_answer.percentile(.5)},
                                         {"after_answer_p99_us", from_answer.percentile(.99)},
                                         {"client_cpu_us", client},
                                         {"pace", pace}});
}
