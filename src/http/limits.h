// http/limits.h — what one client may cost. Each limit has a name, a default and a counter (leat_http_limit_total).
#pragma once

#include <chrono>
#include <cstddef>

#include "platform/clock.h"

namespace leat::http {

struct Limits {
  std::size_t target_bytes = 8 << 10;  // 414
  std::size_t header_bytes = 8 << 10;  // all fields together; 431
  std::size_t header_fields = 100;     // 431
  std::size_t body_bytes = 1 << 20;    // 413
  std::size_t connections = 10'000;    // further ones are closed with 503
  std::size_t in_flight = 32;          // requests of one connection; beyond it the socket is not read
  std::size_t unsent_bytes = 1 << 20;  // answers that one client has not taken; beyond it its socket is not read
  platform::Duration header = std::chrono::seconds(10);   // from a request's first byte to the end of its header; 408
  platform::Duration body = std::chrono::seconds(30);     // from there to the end of its body; 408
  platform::Duration request = std::chrono::seconds(30);  // from its first byte to the handler's answer; 504
  platform::Duration idle = std::chrono::seconds(75);     // between requests; closed
  platform::Duration write = std::chrono::seconds(30);    // without the client taking one byte; closed
  platform::Duration memory = std::chrono::seconds(5);    // for bytes of the process's budget; 503
  platform::Duration scarce = std::chrono::seconds(5);    // instead of body and write while others wait for bytes
  platform::Duration linger = std::chrono::seconds(2);    // for the client to read our last answer before we close
};

// The limits by name, for the counter that is raised when one is hit.
enum class Limit {
  target_bytes,
  header_bytes,
  header_fields,
  body_bytes,
  connections,
  in_flight,
  unsent_bytes,
  header,
  body,
  request,
  idle,
  write,
  memory,
  scarce,
};
inline constexpr std::size_t limit_count = static_cast<std::size_t>(Limit::scarce) + 1;

constexpr const char* name(Limit limit) {
  switch (limit) {
    case Limit::target_bytes:
      return "target_bytes";
    case Limit::header_bytes:
      return "header_bytes";
    case Limit::header_fields:
      return "header_fields";
    case Limit::body_bytes:
      return "body_bytes";
    case Limit::connections:
      return "connections";
    case Limit::in_flight:
      return "in_flight";
    case Limit::unsent_bytes:
      return "unsent_bytes";
    case Limit::header:
      return "header";
    case Limit::body:
      return "body";
    case Limit::request:
      return "request";
    case Limit::idle:
      return "idle";
    case Limit::write:
      return "write";
    case Limit::memory:
      return "memory";
    case Limit::scarce:
      return "scarce";
  }
  return "";
}

}  // namespace leat::http
