#include "service/idempotency.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/content_id.h"
#include "service/entity_tag.h"

namespace leat::service {
namespace {

constexpr std::string_view header_name = "Idempotency-Key";

bool is_token_character(char c) {
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
}

// "a \"quoted\" key" of RFC 9651, without parameters; nothing when it is something else.
std::optional<std::string> string_in(std::string_view text) {
  if (text.size() < 2 || !text.ends_with('"')) return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    char c = text[i];
    if (c == '\\') {
      c = ++i + 1 < text.size() ? text[i] : ' ';
      if (c != '"' && c != '\\') return std::nullopt;
    } else if (c == '"' || c < ' ' || c > '~') {
      return std::nullopt;
    }
    out += c;
  }
  return out;
}

std::optional<std::string> key_in(std::string_view text) {
  if (text.starts_with('"')) return string_in(text);
  if (!std::ranges::all_of(text, is_token_character)) return std::nullopt;
  return std::string(text);
}

http::Response wrong(std::string_view why) { return http::problem(400, "Idempotency-Key is wrong", why); }

// Parts that cannot run into one another: none of them holds a line break but the last.
IdempotencyKey names_of(const RoutePlan& route, const std::string& key, const http::Request& request) {
  constexpr std::string_view nobody;  // until there are tokens, all who ask are one
  const auto if_match = if_match_of(request.headers).value_or("");
  return {content_id(fmt::format("{}\n{} {}\n{}", nobody, route.method, route.path, key)),
          content_id(fmt::format("{}\n{}\n{}\n{}", key, request.target, if_match, request.body))};
}

}  // namespace

OrResponse<std::optional<IdempotencyKey>> read_idempotency_key(const RoutePlan& route, const http::Request& request) {
  std::optional<std::string_view> text;
  for (const auto& [name, value] : request.headers.all()) {
    if (!http::same_name(name, header_name)) continue;
    if (text) return std::unexpected(wrong("it is given twice"));
    text = value;
  }
  if (!text) return std::nullopt;
  const auto key = key_in(*text);
  if (!key)
    return std::unexpected(
        wrong("it is neither a string in double quotes nor a bare token; write it like "
              "\"8e03978e-40d5-43dd-bc93-6894a57f9324\""));
  if (key->empty()) return std::unexpected(wrong("it is empty"));
  if (key->size() > idempotency_key_bytes_max)
    return std::unexpected(wrong(fmt::format("it is longer than {} bytes", idempotency_key_bytes_max)));
  return names_of(route, *key, request);
}

http::Response key_of_another_request() {
  return http::problem(422, "Idempotency-Key belongs to another request",
                       "a request with this key was sent with another path, query, body or If-Match; give each its "
                       "own key");
}

OrResponse<RunningKeys::Hold> RunningKeys::hold(const IdempotencyKey& key) {
  const std::lock_guard lock(mutex_);
  const auto [running, is_new] = requests_.emplace(key.id, key.request);
  if (!is_new && running->second != key.request) return std::unexpected(key_of_another_request());
  if (!is_new) {
    auto response = http::problem(409, "The first request is still running",
                                  "a request with this Idempotency-Key has come and is not decided yet");
    response.headers.add("Retry-After", "1");
    return std::unexpected(std::move(response));
  }
  auto release = [self = shared_from_this(), id = key.id](const void*) { self->release(id); };
  return Hold(this, std::move(release));
}

void RunningKeys::release(const std::string& id) {
  const std::lock_guard lock(mutex_);
  requests_.erase(id);
}

}  // namespace leat::service
