// http/header_rules.h — which headers of a request are refused although the grammar allows them: those that two servers
// in a row could read differently (request smuggling), and those that ask for what this server does not do.
#pragma once

#include <optional>
#include <string_view>

#include "http/parser.h"

namespace leat::http {

enum class FieldKind { other, host, content_length, transfer_encoding, connection, expect };

class HeaderRules {
 public:
  std::optional<Refusal> field(FieldKind, std::string_view value);
  // When all fields are known. Turns an absolute-form target into its origin form.
  std::optional<Refusal> header(RequestParser::Parsed&) const;

 private:
  int hosts_ = 0;
  int lengths_ = 0;
  int encodings_ = 0;
};

}  // namespace leat::http
