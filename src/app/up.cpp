// `leat up`: load, start, tell that it is ready, follow edits, stop in order.
#include <chrono>
#include <mutex>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/instance.h"
#include "app/load_plan.h"
#include "app/signals.h"
#include "app/watch.h"
#include "platform/descriptors.h"

namespace leat::app {
namespace {

constexpr auto watch_every = std::chrono::milliseconds(300);
constexpr auto lock_retry_every = std::chrono::milliseconds(50);
constexpr int lock_tries = 6;

struct Observability {
  telemetry::Metrics metrics;
  telemetry::Log log;
  telemetry::Health health;
  telemetry::Telemetry all() { return {metrics, log, health}; }
};

void print_mistakes(const Loaded& loaded, std::ostream& out) {
  for (const auto& mistake : loaded.mistakes.sorted()) out << mistake.text() << '\n';
  out.flush();
}

bool is_held(const Error& error) {
  return error.code == Code::conflict && error.what.find("in use by") != std::string::npos;
}

// `leat status` and its like take the lock for a moment to see whether it is free: that is no reason to give up.
Result<std::unique_ptr<Instance>> start(const InstanceOptions& options, const service::SystemPlan& plan,
                                        platform::Platform platform, telemetry::Telemetry telemetry, Signals& signals) {
  for (int tried = 1;; ++tried) {
    auto instance = Instance::start(options, plan, platform, telemetry);
    if (instance || !is_held(instance.error()) || tried == lock_tries) return instance;
    if (signals.wait(lock_retry_every) == Signal::stop) return instance;
  }
}

// What to do about a start that failed, where we know it.
std::string advice_for(const Error& error, const UpOptions& options, const std::string& data) {
  if (is_held(error))
    return fmt::format("Is it running already? `leat status --data {}` tells. Or give this one another --data.", data);
  if (error.what.find("`insecure`") != std::string::npos) return "Say it as `http: {insecure: true}` in leat.yaml.";
  if (error.code == Code::corrupt)
    return fmt::format(
        "What is damaged was left as it is. `leat verify --data {0}` lists all of it. Restore a backup, or give up "
        "what cannot be read with `leat repair --data {0} --accept-loss`.",
        data);
  if (error.what.find(options.http) != std::string::npos || error.what.find(options.admin) != std::string::npos)
    return "Give other addresses with --http and --admin; port 0 takes any free one.";
  return {};
}

void tell_ready(const Instance& instance, const service::SystemPlan& plan, Console& console) {
  if (console.json) {
    console.print(json::object{{"ready", true},
                               {"http", "http://" + instance.http_address()},
                               {"admin", "http://" + instance.admin_address()}});
  } else {
    console.out << describe(plan)
                << fmt::format("\nready: http://{}  admin: http://{}\n", instance.http_address(),
                               instance.admin_address())
                << std::flush;
  }
}

// Follows the files of the running system. One reload at a time; an edit during one is seen after it.
class Reloader {
 public:
  Reloader(Instance& instance, const std::string& directory, platform::Platform platform, Observability& observability,
           Console& console)
      : instance_(instance),
        directory_(directory),
        platform_(platform),
        observability_(observability),
        console_(console),
        watch_(platform.files) {}

  void follow(const definition::System& system) {
    std::map<std::string, std::string> read;
    for (const auto& [name, content] : system.files) read.emplace(directory_ + "/" + name, content);
    watch_.follow(std::move(read));
  }

  void look(bool asked) {
    if (busy_) return;
    if (!watch_.changed() && !asked) return;
    Loaded loaded = load_plan(platform_, directory_);
    follow(loaded.system);
    print_mistakes(loaded, console_.err);
    if (!loaded.ok()) {
      observability_.log.error("the edited system has mistakes; the old one goes on");
      return;
    }
    busy_ = true;
    observability_.log.info("reloading");
    instance_.reload(std::move(loaded.plan), [this](Result<> reloaded) {
      if (reloaded) {
        observability_.log.info("reloaded");
      } else {
        observability_.log.error("the edited system could not be put in force; the old one goes on",
                                 {{"why", reloaded.error()}});
      }
      busy_ = false;
    });
  }

 private:
  Instance& instance_;
  const std::string& directory_;
  platform::Platform platform_;
  Observability& observability_;
  Console& console_;
  Watch watch_;
  std::atomic<bool> busy_ = false;
};

int run_until_stopped(Signals& signals, Reloader& reloader) {
  for (;;) {
    const auto signal = signals.wait(watch_every);
    if (signal == Signal::stop) return exit_ok;
    reloader.look(signal == Signal::reload);
  }
}

}  // namespace

int up(const UpOptions& options, platform::Platform platform, Console& console) {
  Signals signals;
  platform::raise_descriptor_limit();  // connections and files share it, and the usual one is small
  const auto level = telemetry::level_of(options.log_level);
  if (!level) return console.failed(level.error()), exit_usage;
  Loaded loaded = load_plan(platform, options.directory);
  print_mistakes(loaded, console.err);
  if (!loaded.ok())
    return console.failed({Code::invalid, "the system has mistakes"}, "Mend them; `leat check` shows them again.");

  Observability observability{
      .metrics = {}, .log = {platform.clock, telemetry::format_for_stderr(), *level}, .health = {}};
  const std::string data = data_directory(options.directory, options.data);
  auto instance =
      start({data, options.http, options.admin, loaded.system.insecure, options.memory_bytes, options.scrub_days},
            loaded.plan, platform, observability.all(), signals);
  if (!instance) return console.failed(instance.error(), advice_for(instance.error(), options, data));
  tell_ready(**instance, loaded.plan, console);

  Reloader reloader(**instance, options.directory, platform, observability, console);
  reloader.follow(loaded.system);
  const int code = run_until_stopped(signals, reloader);
  observability.log.info("stopping");
  if (const auto stopped = (*instance)->stop(); !stopped) return console.failed(stopped.error());
  return code;
}

}  // namespace leat::app
