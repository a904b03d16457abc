// service/payload.h — the data of one event after the other, decoded into memory that is used again.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace leat::service {

// One document at a time; nothing is allocated for events of ordinary size. Unlike parse_json it does not look for
// duplicate keys (the last one wins): services of ours have checked what they emit, and a projection runs often.
class Payload {
 public:
  Payload();
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;

  // The attributes, valid until the next call; null for a tombstone or the JSON null. Code::invalid when `text` is not
  // JSON or not an object.
  Result<const json::object*> parse(std::optional<std::string_view> text);

 private:
  std::array<unsigned char, 8192> buffer_;
  std::array<unsigned char, 4096> stack_;
  std::optional<json::monotonic_resource> arena_;
  json::parser parser_;
  std::optional<json::value> value_;
};

}  // namespace leat::service
