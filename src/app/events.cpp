#include <fmt/format.h>

#include "app/admin_client.h"
#include "app/commands.h"

namespace leat::app {
namespace {

// One line for people: time, partition@offset, type, data.
void print_event(const json::object& event, Console& console) {
  if (console.json) return console.print(event);
  const auto* data = event.if_contains("data");
  console.out << fmt::format("{} {}@{} {} {}\n", json::value_to<std::string>(event.at("time")),
                             event.at("partition").to_number<int>(), event.at("offset").to_number<std::int64_t>(),
                             json::value_to<std::string>(event.at("type")),
                             data != nullptr ? json::serialize(*data) : "(no data)");
}

std::string_view advice_for(const Error& error) {
  return error.code == Code::invalid ? "--from takes start, end, or a time like 2026-11-21T09:30:00Z." : "";
}

}  // namespace

int events(const EventsOptions& options, platform::Platform platform, Console& console) {
  const auto client = AdminClient::find(options.target, platform);
  if (!client) return console.failed(client.error(), start_first());
  std::string from = options.from;
  std::int64_t left = options.limit.value_or(std::numeric_limits<std::int64_t>::max());
  while (left > 0) {
    const auto answer =
        client->get(fmt::format("/v1/topics/{}/events?from={}&limit={}&wait={}", escaped(options.topic), escaped(from),
                                std::min<std::int64_t>(left, 1000), options.follow ? 10'000 : 0));
    if (!answer) return console.failed(answer.error(), advice_for(answer.error()));
    const auto& page = answer->as_object();
    for (const auto& event : page.at("events").as_array()) print_event(event.as_object(), console);
    console.out.flush();
    if (!console.out) return exit_ok;  // whoever read has gone
    left -= static_cast<std::int64_t>(page.at("events").as_array().size());
    if (page.at("at_end").as_bool() && !options.follow) return exit_ok;
    from = json::value_to<std::string>(page.at("next"));
  }
  return exit_ok;
}

}  // namespace leat::app
