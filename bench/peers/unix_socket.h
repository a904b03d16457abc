// bench/peers/unix_socket.h — a connected socket in the file system.
#pragma once

#include <string>

#include <sys/socket.h>
#include <sys/un.h>

#include "bench/measure.h"

namespace bench {

inline int connect_to_path(const std::string& path) {
  const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(connection >= 0, "socket");
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  must(path.size() < sizeof place.sun_path, "the path of the socket is too long");
  std::copy(path.begin(), path.end(), place.sun_path);
  must(::connect(connection, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0, path);
  return connection;
}

}  // namespace bench
