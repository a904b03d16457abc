#include "http/parser.h"

#include <algorithm>
#include <cctype>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "http/body_reader.h"
#include "http/header_rules.h"
#include "http/header_scan.h"

namespace leat::http {
namespace beast = boost::beast::http;
namespace {

using boost::beast::string_view;
using boost::system::error_code;

std::string_view view(string_view text) { return {text.data(), text.size()}; }

// What requests and responses have in common: Beast reads the header, field by field, straight into our own types. It
// never sees a body.
template <bool is_request, class Parsed>
class Collector : public beast::basic_parser<is_request> {
 public:
  Parsed parsed;

  Collector() { this->skip(true); }

  BodyReader::Framing framing() const {
    if (this->chunked()) return BodyReader::Framing::chunked;
    return this->content_length() ? BodyReader::Framing::length : BodyReader::Framing::none;
  }

 protected:
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  void add_field(string_view name, string_view value) {
    parsed.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
};

class RequestCollector final : public Collector<true, RequestParser::Parsed> {
 public:
  RequestCollector(const Limits& limits, std::optional<Refusal>& refusal) : limits_(limits), refusal_(refusal) {
    header_limit(static_cast<std::uint32_t>(limits.target_bytes + limits.header_bytes + 1024));
  }

 private:
  void refuse(const Refusal& refusal, error_code& ec) {
    refusal_ = refusal;
    ec = beast::error::bad_field;
  }

  void on_request_impl(beast::verb, string_view method, string_view target, int version, error_code& ec) override {
    parsed.method.assign(method.data(), method.size());
    parsed.target.assign(target.data(), target.size());
    parsed.minor_version = version % 10;
    if (target.size() > limits_.target_bytes) {
      refuse({414, "the request's target is longer than this server reads", Limit::target_bytes}, ec);
    }
  }
  void on_response_impl(int, string_view, int, error_code&) override {}

  void on_field_impl(beast::field field, string_view name, string_view value, error_code& ec) override {
    if (auto refusal = rules_.field(field_kind(field), view(value))) return refuse(*refusal, ec);
    add_field(name, value);
  }

  void on_header_impl(error_code& ec) override {
    if (auto refusal = rules_.header(parsed)) return refuse(*refusal, ec);
    parsed.keep_alive = keep_alive();
  }

  static FieldKind field_kind(beast::field field) {
    switch (field) {
      case beast::field::host:
        return FieldKind::host;
      case beast::field::content_length:
        return FieldKind::content_length;
      case beast::field::transfer_encoding:
        return FieldKind::transfer_encoding;
      case beast::field::connection:
        return FieldKind::connection;
      case beast::field::expect:
        return FieldKind::expect;
      default:
        return FieldKind::other;  // the enum is Beast's list of all known fields
    }
  }

  const Limits& limits_;
  std::optional<Refusal>& refusal_;
  HeaderRules rules_;
};

// Whether the request line is whole and only its version is not ours.
bool names_a_version(std::string_view header) {
  const std::string_view line = header.substr(0, header.find('\r'));
  if (std::ranges::count(line, ' ') != 2) return false;
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && std::isdigit(version[5]) && version[6] == '.' &&
         std::isdigit(version[7]);
}

Refusal refusal_of(error_code ec, std::string_view header) {
  if (ec == beast::error::header_limit)
    return {431, "the header is larger than this server reads", Limit::header_bytes};
  if (ec == beast::error::bad_version && names_a_version(header)) return {505, "this server speaks HTTP/1.1"};
  if (ec == beast::error::bad_method) return {400, "the method is no token"};
  if (ec == beast::error::bad_target) return {400, "the target holds a character that must be percent-encoded"};
  if (ec == beast::error::bad_field) return {400, "a header field's name is no token"};
  if (ec == beast::error::bad_value) return {400, "a header field's value holds a control character"};
  if (ec == beast::error::bad_content_length) return {400, "Content-Length is no number"};
  if (ec == beast::error::multiple_content_length) return {400, "Content-Length appears twice"};
  if (ec == beast::error::bad_transfer_encoding) return {400, "Transfer-Encoding contradicts another field"};
  return {400, "the request line is malformed"};
}

}  // namespace

class RequestParser::Impl {
 public:
  explicit Impl(const Limits& limits) : limits_(limits), scan_(limits_) { restart(); }

  void restart() {
    collector_.emplace(limits_, refusal_);
    scan_.restart();
    stage_ = Stage::nothing;
  }

  std::expected<std::size_t, Refusal> feed(std::string_view unread) {
    if (stage_ == Stage::body) return body_.feed(unread, collector_->parsed.body);
    if (stage_ == Stage::nothing) {
      if (unread.starts_with("\r\n")) return 2;  // RFC 9112 2.2: blank lines before a request are skipped
      if (unread.empty() || unread == "\r") return 0;
      stage_ = Stage::header;
    }
    auto end = scan_.find_end(unread);
    if (!end || *end == 0) return end;
    if (auto refusal = read_header(unread.substr(0, *end))) return std::unexpected(*refusal);
    return end;
  }

  enum class Stage { nothing, header, body };
  Stage stage_ = Stage::nothing;
  const Limits limits_;
  std::optional<RequestCollector> collector_;
  BodyReader body_;

 private:
  std::optional<Refusal> read_header(std::string_view header) {
    error_code ec;
    collector_->put(boost::asio::const_buffer(header.data(), header.size()), ec);
    if (ec) return refusal_ ? *refusal_ : refusal_of(ec, header);
    stage_ = Stage::body;
    return body_.begin(collector_->framing(), collector_->content_length().value_or(0), limits_.body_bytes,
                       limits_.header_bytes);
  }

  std::optional<Refusal> refusal_;
  HeaderScan scan_;
};

RequestParser::RequestParser(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

std::expected<std::size_t, Refusal> RequestParser::feed(std::string_view unread) { return impl_->feed(unread); }
bool RequestParser::begun() const { return impl_->stage_ != Impl::Stage::nothing; }
bool RequestParser::header_done() const { return impl_->stage_ == Impl::Stage::body; }
bool RequestParser::done() const { return header_done() && impl_->body_.done(); }

std::size_t RequestParser::body_bound() const { return impl_->body_.bound(); }

bool RequestParser::wants_continue() const {
  if (!header_done() || done() || impl_->collector_->parsed.minor_version == 0) return false;
  return impl_->collector_->parsed.headers.get("expect").has_value();
}

void RequestParser::drop_body() { std::string().swap(impl_->collector_->parsed.body); }

RequestParser::Parsed RequestParser::take() {
  LEAT_ASSERT(done());
  Parsed parsed = std::move(impl_->collector_->parsed);
  impl_->restart();
  return parsed;
}

class ResponseParser::Impl final : public Collector<false, ResponseParser::Parsed> {
 public:
  Impl(bool head, std::size_t body_bytes_max) : head_(head), body_bytes_max_(body_bytes_max) {
    header_limit(header_bytes_max);
  }

  Result<std::size_t> feed(std::string_view unread) {
    if (is_done()) {
      auto used = body_.feed(unread, parsed.body);
      if (!used) return fail(Code::invalid, "malformed HTTP response: " + std::string(used.error().why));
      return *used;
    }
    const std::size_t end = unread.find("\r\n\r\n");
    if (end == std::string_view::npos && unread.size() < header_bytes_max) return 0;
    if (end == std::string_view::npos) return fail(Code::too_large, "the HTTP response's header is too large");
    return read_header(unread.substr(0, end + 4));
  }

  Result<> end() {
    if (is_done() && body_.end()) return {};
    return fail(Code::unavailable, "the server closed the connection before its answer was complete");
  }

  bool done() const { return is_done() && body_.done(); }

 private:
  static constexpr std::size_t header_bytes_max = 64 << 10;

  Result<std::size_t> read_header(std::string_view header) {
    error_code ec;
    put(boost::asio::const_buffer(header.data(), header.size()), ec);
    if (ec) return fail(Code::invalid, "malformed HTTP response: " + ec.message());
    const bool bodiless = head_ || parsed.status < 200 || parsed.status == 204 || parsed.status == 304;
    auto how = bodiless ? BodyReader::Framing::none : framing();
    if (!bodiless && how == BodyReader::Framing::none) how = BodyReader::Framing::until_end;
    if (body_.begin(how, content_length().value_or(0), body_bytes_max_, header_bytes_max)) {
      return fail(Code::too_large, "the HTTP response's body is too large");
    }
    return header.size();
  }

  void on_request_impl(beast::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view, int, error_code&) override { parsed.status = status; }
  void on_field_impl(beast::field, string_view name, string_view value, error_code&) override {
    add_field(name, value);
  }
  void on_header_impl(error_code&) override { parsed.keep_alive = keep_alive(); }

  const bool head_;
  const std::size_t body_bytes_max_;
  BodyReader body_;
};

ResponseParser::ResponseParser(bool head, std::size_t body_bytes_max)
    : impl_(std::make_unique<Impl>(head, body_bytes_max)) {}
ResponseParser::~ResponseParser() = default;
Result<std::size_t> ResponseParser::feed(std::string_view unread) { return impl_->feed(unread); }
Result<> ResponseParser::end() { return impl_->end(); }
bool ResponseParser::done() const { return impl_->done(); }
ResponseParser::Parsed ResponseParser::take() { return std::move(impl_->parsed); }

}  // namespace leat::http
