// service/idempotency.h — the Idempotency-Key of a command (draft-ietf-httpapi-idempotency-key-header).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/http.h"
#include "service/parameters.h"
#include "service/plan.h"

namespace leat::service {

// The names of a key and of the request that it came with. Only names are kept: a body may hold a secret, and without
// the key nobody can tell from `request` what it was.
struct IdempotencyKey {
  std::string id;       // of who asks, the route and the key
  std::string request;  // of the key and all that the request asks for
};

inline constexpr std::size_t idempotency_key_bytes_max = 255;

// Nothing without the header. 400 when it is neither a structured-field string ("...") nor a bare token, when it is
// empty, too long, or given twice.
OrResponse<std::optional<IdempotencyKey>> read_idempotency_key(const RoutePlan&, const http::Request&);

// 422: the key belongs to another request.
http::Response key_of_another_request();

// Keys whose first request is not decided yet, of one service. Safe from any thread.
class RunningKeys : public std::enable_shared_from_this<RunningKeys> {
 public:
  using Hold = std::shared_ptr<const void>;  // the key is free again when the last one is gone

  // 409 with Retry-After while another request holds the key; 422 when that one asks for something else.
  OrResponse<Hold> hold(const IdempotencyKey&);

 private:
  void release(const std::string& id);

  std::mutex mutex_;
  std::map<std::string, std::string> requests_;  // by id of the key
};

}  // namespace leat::service
