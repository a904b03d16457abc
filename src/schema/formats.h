// schema/formats.h — `pattern` and `format`, checked in time linear in the text. Of this room only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace leat::schema {

// One condition on a text, and the sentence for texts that fail it ("must be an e-mail address").
class TextRule {
 public:
  virtual ~TextRule() = default;
  virtual bool holds(std::string_view text) const = 0;
  virtual std::string sentence() const = 0;
};

// Code::invalid when it is not a regular expression as RE2 has them (no backreferences, no looking around).
Result<std::shared_ptr<const TextRule>> pattern_rule(std::string_view pattern);

// Null for formats that are not checked: they stay annotations.
std::shared_ptr<const TextRule> format_rule(std::string_view format);

}  // namespace leat::schema
