// bench/peers/redis.cpp — a client of Redis: each connection has one SET in flight. Whether its answer waits for a
// flush is for the server's configuration to say.
//   --socket=PATH --connections=1 --bytes=1024 --seconds=1
//   --pid=N   the server, whose CPU time is reported
// Prints one line of JSON.
#include "bench/peers/peer.h"
#include "bench/peers/unix_socket.h"

namespace {

constexpr unsigned keys = 10'000;  // that are overwritten again and again, so that memory does not grow

class Connection {
 public:
  Connection(const std::string& path, std::size_t bytes, unsigned& next)
      : socket_(bench::connect_to_path(path)), value_(bytes, 'x'), next_(next) {}
  Connection(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  int socket_number() const { return socket_; }

  void begin() {
    const auto key = "record-" + std::to_string(next_++ % keys);
    const auto request = "*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n$" +
                         std::to_string(value_.size()) + "\r\n" + value_ + "\r\n";
    bench::must(::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()),
                "send");
  }

  bool receive() {
    char bytes[256];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    bench::must(count > 0, "the server closed the connection");
    answer_.append(bytes, static_cast<std::size_t>(count));
    if (!answer_.ends_with("\r\n")) return false;
    if (answer_ != "+OK\r\n") bench::die("refused: " + answer_);
    answer_.clear();
    return true;
  }

 private:
  int socket_;
  std::string value_, answer_;
  unsigned& next_;
};

}  // namespace

int main(int argc, char** argv) {
  unsigned next = 0;
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < static_cast<int>(bench::number(argc, argv, "connections", 1)); ++i)
    connections.push_back(
        std::make_unique<Connection>(bench::option(argc, argv, "socket", "redis.sock"),
                                     static_cast<std::size_t>(bench::number(argc, argv, "bytes", 1024)), next));
  bench::measure_peer(argc, argv, std::move(connections));
}
