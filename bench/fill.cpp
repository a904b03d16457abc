// bench/fill.cpp — fills the log of a data directory that no program runs on, as fast as the bus takes it, and leaves
// it as a killed program would.
//   --dir=DATA
//   --topic=people --partitions=4 --type=person.updated
//   --events=1000000 --bytes=1024   of each name
//   --keys=200                      see bench/people.h
// Prints one line of JSON.
#include "bench/people.h"

int main(int argc, char** argv) {
  bench::LocalBus bus(bench::option(argc, argv, "dir", "data") + "/log", bench::LocalBus::Folder::kept);
  const auto topic = bus.topic(bench::option(argc, argv, "topic", "people"),
                               static_cast<int>(bench::number(argc, argv, "partitions", 4)));
  const auto events = bench::number(argc, argv, "events", 1e6);
  // Groups that pass through the journal, as what services tell does; some at once, as of several clients.
  bench::People people(bus, topic,
                       {.type = bench::option(argc, argv, "type", "person.updated"),
                        .keys = bench::option(argc, argv, "keys", "200"),
                        .name_bytes = static_cast<std::size_t>(bench::number(argc, argv, "bytes", 1024)),
                        .group = 100,
                        .publishes = 8});
  bench::Outcome outcome;
  outcome.operations = events;
  const auto begun = bench::now_ns();
  people.publish(static_cast<std::int64_t>(events));
  outcome.seconds = static_cast<double>(bench::now_ns() - begun) * 1e-9;
  outcome.cpu_seconds = bench::cpu_seconds();
  bench::print(std::move(outcome));
  std::fflush(stdout);
  ::_exit(0);  // no clean mark
}
