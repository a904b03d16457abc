#include "machine.h"

#include <algorithm>

#include <fmt/format.h>

#include "definition/load.h"
#include "service/compile.h"
#include "service/read_model.h"
#include "small_segments.h"
#include "village.h"

namespace leat::simulation {
namespace {

constexpr auto definition_folder = "/village";
constexpr auto log_folder = "/data/log";
constexpr auto services_folder = "/data/services";

// Everything is small, so that a short life rolls segments, checkpoints, compacts and pages.
constexpr std::uint64_t segment_bytes = 6'000;
constexpr std::uint64_t journal_bytes = 24'000;
constexpr std::uint64_t direct_bytes = 3'000;
constexpr std::uint64_t compact_bytes = 8'000;
constexpr int wal_pages = 12;

service::SystemPlan read_village(platform::Platform platform) {
  definition::Mistakes mistakes;
  const auto system = definition::load(platform.files, definition_folder, mistakes);
  auto plan = service::compile(system, platform, mistakes);
  for (const auto& mistake : mistakes.sorted()) fmt::print(stderr, "{}\n", mistake.text());
  LEAT_ASSERT(!mistakes.any_errors());
  return plan;
}

}  // namespace

Machine::Life::Life(platform::Platform platform) : vfs("simulated", platform) {}

Machine::Machine(std::uint64_t seed, const Plants& plants) : world_(seed), plants_(plants) {
  auto& files = world_.files();
  const auto prepared = [&]() -> Result<> {
    LEAT_CHECK(write_village(files, definition_folder));
    for (const auto* folder : {log_folder, services_folder}) LEAT_CHECK(files.make_directory(folder));
    for (const auto* folder : {"/data", "/"}) LEAT_CHECK(files.sync_directory(folder));
    return {};
  }();
  LEAT_ASSERT(prepared.has_value());
  plan_ = read_village(world_.platform());
}

Machine::~Machine() { kill(); }

Result<> Machine::start() {
  LEAT_ASSERT(!life_);
  life_.emplace(world_.platform());
  auto begun = begin();
  if (!begun) kill();
  return begun;
}

Result<> Machine::begin() {
  const auto platform = world_.platform();
  life_->log_lines.emplace(platform.clock, telemetry::LogFormat::plain, telemetry::Level::warn,
                           [this](std::string_view line) { last_words_ = line; });
  log::Options log_options;
  log_options.journal_bytes = journal_bytes;
  log_options.direct_bytes = direct_bytes;
  log_options.faults = plants_.log;
  LEAT_TRY(auto log, log::Log::open(platform, log_folder, log_options));
  life_->log = std::make_unique<SmallSegments>(std::move(log), segment_bytes);
  broker::Options broker_options;
  broker_options.compact_bytes = compact_bytes;
  LEAT_TRY(life_->broker, broker::Broker::open(platform, *life_->log, broker_options));
  life_->embedded = bus::make_embedded(*life_->broker, platform);
  life_->stirred = std::make_unique<StirredBus>(*life_->embedded, world_.choose(1ull << 62));
  make_system();
  auto started = std::make_shared<std::optional<Result<>>>();
  life_->system->start([started](Result<> outcome) { *started = std::move(outcome); });
  run_until([&] { return started->has_value(); });
  if (!*started) return fail(Code::timeout, "the services do not start");
  return **started;
}

void Machine::make_system() {
  const telemetry::Telemetry telemetry{life_->metrics, *life_->log_lines, life_->health};
  life_->system = std::make_unique<service::System>(plan_, world_.platform(), *life_->stirred, telemetry,
                                                    services_folder, service_options());
  life_->routes = life_->system->routes();
}

service::Options Machine::service_options() {
  service::Options options;
  options.vfs = life_->vfs.name();
  options.commands_batch_max = 1 + world_.choose(6);
  options.publish_rows_max = 1 + world_.choose(8);
  options.delivery_bytes = 200 + world_.choose(2'000);
  options.wal_pages_read_model = wal_pages;
  options.wal_pages_state = wal_pages;
  options.faults = plants_.service;
  return options;
}

Result<> Machine::stop() {
  auto stopped = std::make_shared<bool>(false);
  life_->system->stop([stopped](Result<>) { *stopped = true; });
  run_until([&] { return *stopped; });
  life_->system.reset();
  life_->stirred.reset();
  life_->embedded.reset();
  life_->broker.reset();
  auto closed = life_->log->close();
  life_.reset();
  return *stopped ? closed : fail(Code::timeout, "the services do not stop");
}

void Machine::kill() { life_.reset(); }

void Machine::lose_power() {
  if (!world_.files().crashed()) world_.files().crash();
  kill();  // whose closing of files changes nothing any more
  world_.restart();
}

void Machine::send(std::string_view method, std::string_view route, std::vector<std::string> path_values,
                   http::Request request, http::Reply reply) {
  const auto found = std::ranges::find_if(
      life_->routes, [&](const service::Route& known) { return known.method == method && known.path == route; });
  LEAT_ASSERT(found != life_->routes.end());
  request.method = method;
  request.arrived = world_.platform().clock.now();
  found->handler(std::move(request), std::move(path_values), std::move(reply));
}

std::string Machine::state_path(std::string_view service) {
  return fmt::format("{}/{}/state.db", services_folder, service);
}

Result<std::string> Machine::read_model_path(std::string_view service, std::string_view name) {
  const auto folder = fmt::format("{}/{}/read_models/{}", services_folder, service, name);
  LEAT_TRY(const auto files, service::load_generation_files(world_.files(), folder));
  if (files.current.empty()) return fail(Code::not_found, folder + " has no generation in use");
  return folder + "/" + files.current;
}

}  // namespace leat::simulation
