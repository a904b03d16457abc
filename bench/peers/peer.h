// bench/peers/peer.h — what clients of every peer measure and print, once they are connected.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "bench/crowd.h"
#include "bench/process.h"

namespace bench {

// All of them at once for --seconds; --pid is the server, whose CPU time is reported with that of its children.
template <class Connection>
void measure_peer(int argc, char** argv, std::vector<std::unique_ptr<Connection>> connections) {
  const auto pid = static_cast<int>(number(argc, argv, "pid", 0));
  Crowd<Connection> crowd(std::move(connections), 0);
  auto done = run_crowd(crowd, number(argc, argv, "seconds", 1), [&] { return cpu_seconds_with_children(pid); }, [] {});
  const auto client = done.client_cpu_us();
  print(std::move(done.outcome), {{"client_cpu_us", client}});
}

}  // namespace bench
