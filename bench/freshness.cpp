// bench/freshness.cpp — how long until another service's query shows what a command changed. Each round renames a
// person of bench/system and asks for a post of theirs, with the position that the command answered; the post must show
// the new name.
//   --port=N --pid=N --seconds=1
//   --connections=1        each does one round after the other
//   --rate=0               rounds begun each second over all connections, on time; 0: one right after the other
// Prints one line of JSON; latencies run from the command's (intended) sending to the query's answer.
#include <atomic>
#include <mutex>
#include <thread>

#include "bench/http_client.h"
#include "bench/process.h"

namespace {

struct Plan {
  int port, connections;
  double rate;
  std::int64_t begin, end;  // of what counts
};

struct Seen {
  bench::Samples from_send, from_answer;
  double stale = 0;
};

class Person {
 public:
  Person(int port, int number) : client_(port), number_(number) {}

  void rename_and_look(std::int64_t begun, bool counts, Seen& seen) {
    const auto name = "fresh_" + std::to_string(number_) + "_" + std::to_string(++renames_);
    const auto body = "{\"username\":\"" + name + "\"}";
    const auto answer =
        client_.ask("PATCH /people/" + std::to_string(number_) +
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
    const auto answered = bench::now_ns();
    const std::string position(bench::field(answer, "leat-position"));
    const auto post = client_.ask("GET /posts/" + std::to_string(number_ - 1) +
                                  " HTTP/1.1\r\nHost: localhost\r\nLeat-Position: " + position + "\r\n\r\n");
    const auto looked = bench::now_ns();
    if (!counts) return;
    seen.from_send.add(looked - begun);
    seen.from_answer.add(looked - answered);
    seen.stale += post.find(name) == std::string_view::npos ? 1 : 0;
  }

 private:
  bench::Client client_;
  int number_;
  int renames_ = 0;
};

Seen follow(const Plan& plan, int index) {
  Person person(plan.port, index + 2);  // bench/cases.py: post i is by person i + 1
  Seen seen;
  const auto step = plan.rate > 0 ? static_cast<std::int64_t>(plan.connections / plan.rate * 1e9) : 0;
  auto intended = bench::now_ns() + (step == 0 ? 0 : step * index / plan.connections);
  while (intended < plan.end) {
    if (const auto early = intended - bench::now_ns(); early > 0)
      std::this_thread::sleep_for(std::chrono::nanoseconds(early));
    person.rename_and_look(intended, intended >= plan.begin, seen);
    intended = step == 0 ? bench::now_ns() : intended + step;
  }
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  const auto seconds = bench::number(argc, argv, "seconds", 1);
  const auto pid = static_cast<int>(bench::number(argc, argv, "pid", 0));
  const auto begin = bench::now_ns() + 300'000'000;
  const Plan plan{static_cast<int>(bench::number(argc, argv, "port", 0)),
                  static_cast<int>(bench::number(argc, argv, "connections", 1)), bench::number(argc, argv, "rate", 0),
                  begin, begin + static_cast<std::int64_t>(seconds * 1e9)};
  Seen all;
  std::mutex mutex;
  const auto cpu = bench::cpu_seconds_of(pid);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < plan.connections; ++i)
      threads.emplace_back([&, i] {
        const auto seen = follow(plan, i);
        const std::scoped_lock lock(mutex);
        all.from_send.add(seen.from_send);
        all.from_answer.add(seen.from_answer);
        all.stale += seen.stale;
      });
  }
  bench::Outcome outcome;
  outcome.operations = static_cast<double>(all.from_send.count());
  outcome.seconds = seconds;
  outcome.cpu_seconds = (bench::cpu_seconds_of(pid) - cpu) * seconds / (seconds + .3);
  outcome.latencies = std::move(all.from_send);
  bench::print(std::move(outcome), {{"after_answer_p50_us", all.from_answer.percentile(.5)},
                                    {"after_answer_p99_us", all.from_answer.percentile(.99)},
                                    {"stale", all.stale}});
}
