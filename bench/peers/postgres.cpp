// bench/peers/postgres.cpp — clients of PostgreSQL: each has one INSERT in flight, prepared, a transaction of its own.
//   --host=FOLDER     of the server's socket
//   --connections=1 --bytes=1024 --seconds=1
//   --pid=N           the server, whose CPU time is reported with that of its children
// Prints one line of JSON.
#include <libpq-fe.h>

#include "bench/peers/peer.h"

namespace {

class Connection {
 public:
  Connection(const std::string& host, std::size_t bytes)
      : server_(PQconnectdb(("host=" + host + " dbname=postgres user=bench").c_str())), value_(bytes, 'x') {
    if (PQstatus(server_) != CONNECTION_OK) refuse();
    run("set synchronous_commit = on");
  }
  Connection(const Connection&) = delete;
  ~Connection() { PQfinish(server_); }

  int socket_number() const { return PQsocket(server_); }

  void run(const char* statement) {
    auto* result = PQexec(server_, statement);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) refuse();
    PQclear(result);
  }
  void prepare() {
    auto* result = PQprepare(server_, "insert", "insert into records (value) values ($1)", 1, nullptr);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) refuse();
    PQclear(result);
  }

  void begin() {
    const char* values[] = {value_.c_str()};
    if (PQsendQueryPrepared(server_, "insert", 1, values, nullptr, nullptr, 0) == 0) refuse();
  }

  bool receive() {
    if (PQconsumeInput(server_) == 0) refuse();
    while (PQisBusy(server_) == 0) {
      auto* result = PQgetResult(server_);
      if (result == nullptr) return true;
      if (PQresultStatus(result) != PGRES_COMMAND_OK) refuse();
      PQclear(result);
    }
    return false;
  }

 private:
  [[noreturn]] void refuse() {
    std::fprintf(stderr, "refused: %s\n", PQerrorMessage(server_));
    std::exit(2);
  }

  PGconn* server_;
  std::string value_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < static_cast<int>(bench::number(argc, argv, "connections", 1)); ++i)
    connections.push_back(std::make_unique<Connection>(
        bench::option(argc, argv, "host", "."), static_cast<std::size_t>(bench::number(argc, argv, "bytes", 1024))));
  connections.front()->run("drop table if exists records");
  connections.front()->run(
      "create table records (id bigint generated always as identity primary key, value text not null)");
  for (const auto& connection : connections) connection->prepare();
  bench::measure_peer(argc, argv, std::move(connections));
}
