#include "app/admin_client.h"

#include <chrono>

#include <fmt/format.h>

#include "http/client.h"

namespace leat::app {
namespace {

constexpr auto patience = std::chrono::seconds(30);

Code code_of(int status) {
  if (status == 404) return Code::not_found;
  if (status == 409) return Code::conflict;
  return status >= 500 ? Code::unavailable : Code::invalid;
}

// The detail of a problem document (RFC 9457), or the bare status.
Error problem_in(const http::Answer& answer) {
  const auto value = parse_json(answer.body);
  if (value && value->is_object())
    for (const char* member : {"detail", "title"})
      if (const auto* text = value->get_object().if_contains(member); text != nullptr && text->is_string())
        return {code_of(answer.status), std::string(text->get_string())};
  return {code_of(answer.status), fmt::format("the program answered {}", answer.status)};
}

}  // namespace

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string_view start_first() {
  return "Start it with: leat up DIRECTORY (and give --in or --data if it lies elsewhere).";
}

Result<AdminClient> AdminClient::find(const Target& target, platform::Platform platform) {
  LEAT_TRY(auto running, find_running(platform.files, data_directory(target.directory, target.data)));
  return AdminClient(std::move(running));
}

Result<json::value> AdminClient::ask(std::string_view method, const std::string& path) const {
  http::Request request{.method = std::string(method), .target = path};
  request.headers.add("Authorization", "Bearer " + running_.token);
  LEAT_TRY(const auto answer, http::fetch(running_.admin, request, patience));
  if (answer.status >= 400) return fail(problem_in(answer));
  if (answer.body.empty()) return json::value();
  return parse_json(answer.body);
}

}  // namespace leat::app
