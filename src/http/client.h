// http/client.h — the other side, for the command line and for tests: one connection, one thing at a time, every wait
// bounded.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/http.h"

namespace leat::http {

struct Answer {
  int status = 0;
  Headers headers;
  std::string body;
  bool keep_alive = false;
};

// A keep-alive connection. Blocks the caller, so never use it on an I/O thread.
class Client {
 public:
  // Code::unavailable: nobody listens there. Code::invalid: no address. `patience` bounds each later wait, too.
  static Result<Client> connect(std::string_view address, platform::Duration patience);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // Host and Content-Length are added. Uses method, target, headers and body of the request.
  Result<Answer> ask(const Request&);

  // The two halves of ask(), with any bytes: for pipelining, and for what no client should send.
  Result<> send(std::string_view bytes);
  Result<Answer> receive(bool to_head = false);
  // Ends our side; the server may still answer.
  Result<> finish();
  // Waits until the server closes. Code::timeout: it did not. Code::conflict: it sent something instead.
  Result<> await_close();

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

// One request on a connection of its own.
Result<Answer> fetch(std::string_view address, const Request&, platform::Duration patience);

}  // namespace leat::http
