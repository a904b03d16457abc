// bench/http_client.h — just enough of HTTP/1.1 to be a client of ours and of the limit's server.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "bench/measure.h"

namespace bench {

// A connected socket on the loopback.
inline int connect_to(int port) {
  const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(connection >= 0, "socket");
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(::connect(connection, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0, "connect");
  const int yes = 1;
  ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return connection;
}

inline void send_all(int connection, std::string_view bytes) {
  must(::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()), "send");
}

// The value of a header field in `head`, its name in any case; empty when it is not there.
inline std::string_view field(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const auto line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.data(), name.data(), name.size()) == 0)
      return line.substr(line.find_first_not_of(' ', name.size() + 1));
  }
  return {};
}

// How many bytes the first whole response in `input` has; 0 when it is not whole yet. Ends the program unless it says
// 2xx.
inline std::size_t response_bytes(std::string_view input) {
  const auto end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  if (!input.starts_with("HTTP/1.1 2")) {
    std::fprintf(stderr, "refused: %s\n", std::string(input.substr(0, 600)).c_str());
    std::exit(1);
  }
  const auto text = field(input.substr(0, end + 2), "content-length");
  std::size_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return input.size() >= end + 4 + length ? end + 4 + length : 0;
}

// One request at a time, waiting for its answer.
class Client {
 public:
  explicit Client(int port) : socket_(connect_to(port)) {}
  Client(const Client&) = delete;
  ~Client() { ::close(socket_); }

  // The whole response, valid until the next call.
  std::string_view ask(std::string_view request) {
    input_.clear();
    send_all(socket_, request);
    while (response_bytes(input_) == 0) {
      char bytes[16384];
      const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
      must(count > 0, "the server closed the connection");
      input_.append(bytes, static_cast<std::size_t>(count));
    }
    return input_;
  }

 private:
  int socket_;
  std::string input_;
};

}  // namespace bench
