// http/http.h — requests, responses and handlers: what services and gateway see of HTTP. No socket, no Beast.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "platform/clock.h"

namespace leat::http {

// Whether two header names, or other tokens of the protocol, are the same (ASCII case does not count).
bool same_name(std::string_view a, std::string_view b);

// Header names compare without case; order and repeats are kept.
class Headers {
 public:
  void add(std::string name, std::string value);
  void set(std::string name, std::string value);  // in place of every earlier one
  void remove(std::string_view name);
  // The first value, or nothing.
  std::optional<std::string_view> get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Whether a request of this method changes nothing (RFC 9110 section 9.2.1).
inline bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

struct Request {
  std::string method;  // "GET"
  std::string target;  // as sent: path and query, percent-encoded
  Headers headers;
  std::string body;
  std::string peer;            // "127.0.0.1:54321", for logs
  platform::Instant arrived;   // when its first byte was read
  platform::Instant deadline;  // when nobody waits any more
};

struct Response {
  int status = 200;
  std::string content_type;  // empty: no body is sent
  Headers headers;
  std::string body;
};

// Answers one request; called exactly once, from any thread. Destroying it unanswered answers 500.
using Reply = std::move_only_function<void(Response)>;

// Called on an I/O thread and must not block: hand long work to an executor and keep `reply` there.
using Handler = std::function<void(Request, Reply)>;

// RFC 9457 problem details. `detail` is for people; `extra_members` is JSON members to add ("errors":[...]), or empty.
// Requires: the texts are UTF-8.
Response problem(int status, std::string_view title, std::string_view detail, std::string_view extra_members = {});
std::string_view reason(int status);

// The one mapping from our errors to HTTP.
int status_of(Code);

}  // namespace leat::http
