#include "base/json.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include "base/hex.h"
#include "base/json_keys.h"

namespace leat {
namespace {

using Failure = json::error_code;

// Failures that Boost.JSON does not know.
enum class Refusal { duplicate_key = 1, number_out_of_range };

class Refusals final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "leat.json"; }
  std::string message(int value) const override {
    switch (static_cast<Refusal>(value)) {
      case Refusal::duplicate_key:
        return "duplicate key";
      case Refusal::number_out_of_range:
        return "number out of range";
    }
    return "refused";
  }
};

Failure refused(Refusal why) {
  static const Refusals category;
  return {static_cast<int>(why), category};
}

// What Boost's own parser does, with two differences: a key that its object already has is refused, and doubles are
// rounded correctly (Boost 1.81 may be off in the last digit).
class Builder {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  Builder() { stack_.reset(); }
  json::value release() { return stack_.release(); }

  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }

  bool on_object_begin(Failure&) {
    keys_.open();
    return true;
  }
  bool on_object_end(std::size_t count, Failure&) {
    keys_.close();
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(Failure&) { return true; }
  bool on_array_end(std::size_t count, Failure&) {
    stack_.push_array(count);
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, Failure&) {
    text_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view rest, std::size_t, Failure& failure) {
    text_.append(rest.data(), rest.size());
    const bool fresh = keys_.add(text_);
    if (!fresh) {
      failure = refused(Refusal::duplicate_key);
      duplicate_ = text_;
    }
    text_.clear();
    stack_.push_key(rest);
    return fresh;
  }
  bool on_string_part(json::string_view part, std::size_t, Failure&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view rest, std::size_t, Failure&) {
    stack_.push_string(rest);
    return true;
  }

  bool on_number_part(json::string_view part, Failure&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, json::string_view, Failure&) {
    text_.clear();
    stack_.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, Failure&) {
    text_.clear();
    stack_.push_uint64(value);
    return true;
  }
  bool on_double(double value, json::string_view rest, Failure& failure) {
    text_.append(rest.data(), rest.size());
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    // An underflow is a zero, as everywhere; an overflow would be an infinity, which JSON cannot say back.
    if (error == std::errc::result_out_of_range && std::fabs(value) >= 1)
      failure = refused(Refusal::number_out_of_range);
    text_.clear();
    stack_.push_double(value);
    return !failure;
  }

  bool on_bool(bool value, Failure&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(Failure&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, Failure&) { return true; }
  bool on_comment(json::string_view, Failure&) { return true; }

  const std::optional<std::string>& duplicate() const { return duplicate_; }

 private:
  json::value_stack stack_;
  JsonKeys keys_;
  std::string text_;  // of the key or number being read
  std::optional<std::string> duplicate_;
};

// Takes note of nothing.
struct Passing {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  using Text = json::string_view;
  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_object_begin(Failure&) { return true; }
  bool on_object_end(std::size_t, Failure&) { return true; }
  bool on_array_begin(Failure&) { return true; }
  bool on_array_end(std::size_t, Failure&) { return true; }
  bool on_key_part(Text, std::size_t, Failure&) { return true; }
  bool on_key(Text, std::size_t, Failure&) { return true; }
  bool on_string_part(Text, std::size_t, Failure&) { return true; }
  bool on_string(Text, std::size_t, Failure&) { return true; }
  bool on_number_part(Text, Failure&) { return true; }
  bool on_int64(std::int64_t, Text, Failure&) { return true; }
  bool on_uint64(std::uint64_t, Text, Failure&) { return true; }
  bool on_double(double, Text, Failure&) { return true; }
  bool on_bool(bool, Failure&) { return true; }
  bool on_null(Failure&) { return true; }
  bool on_comment_part(Text, Failure&) { return true; }
  bool on_comment(Text, Failure&) { return true; }
};

}  // namespace

bool is_json(std::string_view text, std::size_t depth_max) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::basic_parser<Passing> parser(options);
  Failure failure;
  const auto read = parser.write_some(false, text.data(), text.size(), failure);
  return !failure && read == text.size();
}

Result<json::value> parse_json(std::string_view text, JsonLimits limits, JsonFault* fault) {
  json::parse_options options;
  options.max_depth = limits.depth_max;
  json::basic_parser<Builder> parser(options);
  JsonFault found;
  try {
    Failure failure;
    found.offset = parser.write_some(false, text.data(), text.size(), failure);
    if (!failure && found.offset < text.size()) failure = json::error::extra_data;
    if (!failure) return parser.handler().release();
    found.reason = is_utf8(text) ? failure.message() : "invalid UTF-8";
    if (const auto& key = parser.handler().duplicate()) found.reason += fmt::format(" \"{}\"", *key);
  } catch (const std::exception& e) {
    found.reason = e.what();
  }
  if (fault != nullptr) *fault = found;
  return fail(Code::invalid, fmt::format("JSON at byte {}: {}", found.offset, found.reason));
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // start of what has not been copied yet
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        append_hex(out, c);
    }
  }
  out.append(text, plain);
  out += '"';
}

}  // namespace leat
