#include <fmt/format.h>

#include "app/admin_client.h"
#include "app/commands.h"

namespace leat::app {
namespace {

std::string text_of(const json::object& from, std::string_view member) {
  const auto* value = from.if_contains(member);
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

void print_read_model(const json::object& model, std::ostream& out) {
  out << fmt::format("  {:<24} {:<10} {:>8} events behind", text_of(model, "name"), text_of(model, "state"),
                     text_of(model, "lag_events"));
  if (const auto why = text_of(model, "why"); !why.empty()) out << "  " << why;
  out << '\n';
}

void print_status(const json::object& status, const Running& running, std::ostream& out) {
  out << fmt::format("system {} at http://{}\n", text_of(status, "system"), running.http);
  for (const auto& service : status.at("services").as_array()) {
    const auto& about = service.as_object();
    out << fmt::format("{:<26} {:<10} {:>8} waiting for the bus\n", text_of(about, "name"), text_of(about, "state"),
                       text_of(about, "outbox"));
    for (const auto& model : about.at("read_models").as_array()) print_read_model(model.as_object(), out);
  }
}

}  // namespace

int status(const Target& target, platform::Platform platform, Console& console) {
  const auto client = AdminClient::find(target, platform);
  if (!client) return console.failed(client.error(), start_first());
  const auto answer = client->get("/v1/status");
  if (!answer) return console.failed(answer.error(), start_first());
  if (console.json) {
    auto shown = answer->as_object();
    shown["http"] = "http://" + client->running().http;
    shown["admin"] = "http://" + client->running().admin;
    console.print(shown);
  } else {
    print_status(answer->as_object(), client->running(), console.out);
  }
  return exit_ok;
}

}  // namespace leat::app
