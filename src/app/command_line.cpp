#include "app/command_line.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/version.h"
#include "base/nearest.h"

namespace leat::app {
namespace {

constexpr std::uint64_t memory_bytes_min = 64ull << 20, memory_bytes_max = 1ull << 40;

// The options of all commands; CLI11 writes into it.
struct Arguments {
  UpOptions up;
  Target target;
  DataOptions data;
  bool accept_loss = false;
  EventsOptions events;
  std::string directory = ".";
  std::string name, service, read_model;
  bool json = false;
  std::function<int(Console&)> chosen;
};

CLI::App* command(CLI::App& app, Arguments& arguments, const char* name, const char* says,
                  std::function<int(Console&)> run) {
  auto* sub = app.add_subcommand(name, says);
  sub->add_flag("--json", arguments.json, "Print JSON, for programs");
  sub->callback([&arguments, run = std::move(run)] { arguments.chosen = run; });
  return sub;
}

void add_target(CLI::App* sub, Target& target) {
  sub->add_option("--in", target.directory, "The system's directory")->capture_default_str();
  sub->add_option("--data", target.data, "Its data directory (default: .leat in the system's directory)");
}

void add_up(CLI::App& app, Arguments& a, platform::Platform platform) {
  auto* sub = command(app, a, "up", "Run a system until it is told to stop",
                      [&a, platform](Console& console) { return up(a.up, platform, console); });
  sub->add_option("directory", a.up.directory, "Where leat.yaml is")->capture_default_str();
  sub->add_option("--data", a.up.data, "Data directory (default: .leat in the system's directory)");
  sub->add_option("--http", a.up.http, "Address of the services; port 0: any free one")->capture_default_str();
  sub->add_option("--admin", a.up.admin, "Address of health, metrics and administration")->capture_default_str();
  sub->add_option("--memory", a.up.memory_bytes, "What waits in memory may take, e.g. 512MiB; 64MiB or more")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(memory_bytes_min, memory_bytes_max))
      ->default_str("256MiB");
  sub->add_option("--scrub-days", a.up.scrub_days, "Read the whole log for damage every so many days; 0: never")
      ->check(CLI::Range(0, 3650))
      ->capture_default_str();
  sub->add_option("--log", a.up.log_level, "Least level logged: debug, info, warn, error")->capture_default_str();
}

void add_offline(CLI::App& app, Arguments& a, platform::Platform platform) {
  command(app, a, "check", "Find every mistake of a system without running it",
          [&a, platform](Console& console) { return check(a.directory, platform, console); })
      ->add_option("directory", a.directory, "Where leat.yaml is")
      ->capture_default_str();
  command(app, a, "new", "Make a small system that runs",
          [&a, platform](Console& console) { return make_new(a.name, platform, console); })
      ->add_option("name", a.name, "Of the system and of its directory")
      ->required();
  command(app, a, "schema", "Print the JSON Schema of leat.yaml and service files, for editors",
          [](Console& console) { return print_schema(console); });
  command(app, a, "version", "Print the version", [](Console& console) { return print_version(console); });
}

void add_data(CLI::App* sub, DataOptions& options) {
  sub->add_option("directory", options.directory, "The system's directory")->capture_default_str();
  sub->add_option("--data", options.data, "Its data directory (default: .leat in the system's directory)");
}

void add_damage(CLI::App& app, Arguments& a, platform::Platform platform) {
  add_data(command(app, a, "verify", "Read all that a stopped system has kept and list what is damaged",
                   [&a, platform](Console& console) { return verify(a.data, platform, console); }),
           a.data);
  auto* sub = command(app, a, "repair", "Give up what `leat verify` lists, so that the rest can be used",
                      [&a, platform](Console& console) { return repair(a.data, a.accept_loss, platform, console); });
  add_data(sub, a.data);
  sub->add_flag("--accept-loss", a.accept_loss, "The damaged offsets are lost, and that is accepted");
}

void add_service(CLI::App& app, Arguments& a, platform::Platform platform, const char* name, const char* says,
                 int (*run)(const Target&, const std::string&, platform::Platform, Console&)) {
  auto* sub = command(app, a, name, says,
                      [&a, platform, run](Console& console) { return run(a.target, a.service, platform, console); });
  sub->add_option("service", a.service, "Which service")->required();
  add_target(sub, a.target);
}

// CLI11's own would tell the largest double there is.
CLI::Validator whole_number() {
  const auto wrong = [](const std::string& text) -> std::string {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end && number >= 0) return {};
    return fmt::format("`{}` is no number of events; write a whole number from 0", text);
  };
  return {wrong, "N"};
}

void add_online(CLI::App& app, Arguments& a, platform::Platform platform) {
  add_target(command(app, a, "status", "Show what the running system does",
                     [&a, platform](Console& console) { return status(a.target, platform, console); }),
             a.target);
  add_service(app, a, platform, "stop", "Stop one service; the others go on", stop_service);
  add_service(app, a, platform, "start", "Start a stopped service; it catches up", start_service);

  auto* again = command(app, a, "rebuild", "Fill a read model anew beside the old one, then switch",
                        [&a, platform](Console& c) { return rebuild(a.target, a.service, a.read_model, platform, c); });
  again->add_option("service", a.service, "Which service")->required();
  again->add_option("read_model", a.read_model, "Which of its read models")->required();
  add_target(again, a.target);

  auto* sub = command(app, a, "events", "Print the events of a topic", [&a, platform](Console& console) {
    a.events.target = a.target;
    return events(a.events, platform, console);
  });
  sub->add_option("topic", a.events.topic, "Which topic")->required();
  sub->add_option("--from", a.events.from, "start, end, or a time like 2026-11-21T09:30:00Z")->capture_default_str();
  sub->add_option("--limit", a.events.limit, "Stop after so many")->check(whole_number());
  sub->add_flag("--follow", a.events.follow, "Wait for more");
  add_target(sub, a.target);
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) out.push_back(sub->get_name());
  return out;
}

// CLI11 would only say that a subcommand is required.
int unknown_command(const std::vector<std::string>& known, const std::string& typed) {
  const auto meant = nearest(typed, known);
  std::cerr << "leat: there is no command `" << typed << "`" << (meant ? "; did you mean `" + *meant + "`?" : "")
            << "\n      `leat --help` shows them all.\n";
  return exit_usage;
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Leat runs a system of event-driven services from a few YAML and SQL files.", "leat");
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text());
  Arguments arguments;
  const platform::Platform platform = platform::real();
  add_up(app, arguments, platform);
  add_offline(app, arguments, platform);
  add_damage(app, arguments, platform);
  add_online(app, arguments, platform);
  const auto known = names_of_commands(app);
  if (argc > 1 && argv[1][0] != '-' && std::ranges::find(known, argv[1]) == known.end())
    return unknown_command(known, argv[1]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? exit_ok : exit_usage;
  }
  Console console{std::cout, std::cerr, arguments.json};
  return arguments.chosen(console);
}

}  // namespace leat::app
