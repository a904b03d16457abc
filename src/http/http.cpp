#include "http/http.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/lower.h"

namespace leat::http {
namespace {

constexpr std::size_t usual_count = 8;  // of fields; what most requests and answers have costs one allocation

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string name, std::string value) {
  if (fields_.empty()) fields_.reserve(usual_count);
  fields_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const auto& field) { return same_name(field.first, name); });
}

void Headers::set(std::string name, std::string value) {
  remove(name);
  add(std::move(name), std::move(value));
}

Response problem(int status, std::string_view title, std::string_view detail, std::string_view extra_members) {
  Response response{.status = status, .content_type = "application/problem+json"};
  response.body = R"({"type":"about:blank","title":)";
  append_json_string(response.body, title);
  response.body += fmt::format(R"(,"status":{})", status);
  if (!detail.empty()) {
    response.body += R"(,"detail":)";
    append_json_string(response.body, detail);
  }
  if (!extra_members.empty()) {
    response.body += ',';
    response.body += extra_members;
  }
  response.body += '}';
  return response;
}

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::not_found:
      return 404;
    case Code::conflict:
      return 409;
    case Code::fenced:
      return 503;
    case Code::history_lost:
      return 410;
    case Code::corrupt:
      return 500;
    case Code::too_large:
      return 413;
    case Code::no_space:
      return 507;
    case Code::unavailable:
      return 503;
    case Code::timeout:
      return 504;
    case Code::cancelled:
      return 503;
    case Code::io:
      return 500;
  }
  return 500;
}

std::string_view reason(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

}  // namespace leat::http
