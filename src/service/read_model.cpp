#include "service/read_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "service/folders.h"

namespace leat::service {
namespace {

std::string file_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// "<hash>.db", "<hash>-2.db", ...
bool is_generation_of(std::string_view file, std::string_view hash) {
  return file.starts_with(hash) && file.ends_with(".db") &&
         (file.size() == hash.size() + 3 || file[hash.size()] == '-');
}

// A database and what SQLite keeps beside it.
bool belongs_to(std::string_view file, std::string_view database) {
  return !database.empty() && file.starts_with(database) &&
         (file.size() == database.size() || file[database.size()] == '-');
}

}  // namespace

Result<GenerationFiles> load_generation_files(platform::Files& files, const std::string& directory) {
  GenerationFiles out;
  const auto path = directory + "/current";
  LEAT_TRY(const bool there, files.exists(path));
  if (!there) return out;
  LEAT_TRY(const auto text, platform::read_file(files, path, 4096));
  const auto line = std::min(text.find('\n'), text.size());
  out.current = text.substr(0, line);
  if (line < text.size()) out.previous = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
  return out;
}

ReadModel::ReadModel(Projector::Context context, std::string name, const Options& options, std::string base)
    : context_(std::move(context)),
      name_(std::move(name)),
      options_(options),
      base_(std::move(base)),
      below_("read_models/" + name_),
      directory_(base_ + "/" + below_) {
  auto gauge = [&](const char* metric, const char* help, std::function<double()> ask) {
    gauges_.push_back(context_.telemetry.metrics.gauge_from(
        metric, help, {{"service", context_.service}, {"read_model", name_}}, std::move(ask)));
  };
  gauge("leat_read_model_lag_events", "Events on the bus that a read model has not applied.",
        [this] { return static_cast<double>(lag_events_.load()); });
  gauge("leat_read_model_lag_seconds", "Age of the last event applied while others wait; 0 when none does.",
        [this] { return lag_seconds_.load(); });
}

ReadModel::~ReadModel() {
  gauges_.clear();
  current_ = {};  // what its thread might still say comes before the condition is gone
  context_.telemetry.health.remove(health_name(context_.service, name_));
}

void ReadModel::tell_lag(std::int64_t events, double seconds) {
  lag_events_ = events;
  lag_seconds_ = seconds;
}

// From here on the program is as ready as this generation is.
void ReadModel::show_current() {
  current_.generation->set_current();
  current_.generation->tell(context_.telemetry.health, context_.service);
}

ReadModel::Filling ReadModel::begin(std::shared_ptr<const ServicePlan> service, const ReadModelPlan& plan,
                                    const Topics& topics, const std::string& file, Task opened, Settled settled) {
  Filling out;
  out.generation = std::make_shared<Generation>(std::move(service), plan, directory_ + "/" + file, topics);
  out.projector =
      std::make_shared<Projector>(context_, options_, out.generation, std::move(opened), std::move(settled));
  out.projector->start();
  return out;
}

Result<> ReadModel::open(std::shared_ptr<const ServicePlan> service, const ReadModelPlan& plan, const Topics& topics,
                         Task opened) {
  LEAT_CHECK(prepare_directory());
  LEAT_TRY(const auto files, load_generation_files(context_.platform.files, directory_));
  const auto file = is_generation_of(files.current, plan.hash) ? files.current : plan.hash + ".db";
  if (file != files.current) LEAT_CHECK(remember(file));
  current_ = begin(std::move(service), plan, topics, file, std::move(opened), [](Result<>) {});
  show_current();
  return {};
}

Result<> ReadModel::prepare_directory() { return make_durable_folders(context_.platform.files, base_, below_); }

Result<> ReadModel::begin_next(std::shared_ptr<const ServicePlan> service, const ReadModelPlan& plan,
                               const Topics& topics, Settled settled) {
  give_up_next();
  LEAT_TRY(const auto files, load_generation_files(context_.platform.files, directory_));
  LEAT_CHECK(remove_others(files));
  LEAT_TRY(const auto file, free_name(plan));
  next_ = begin(std::move(service), plan, topics, file, [] {}, std::move(settled));
  return {};
}

Result<std::string> ReadModel::free_name(const ReadModelPlan& plan) const {
  for (int n = 1;; ++n) {
    auto file = n == 1 ? plan.hash + ".db" : fmt::format("{}-{}.db", plan.hash, n);
    LEAT_TRY(const bool taken, context_.platform.files.exists(directory_ + "/" + file));
    if (!taken) return file;
  }
}

Result<std::shared_ptr<void>> ReadModel::take_over() {
  LEAT_ASSERT(has_next());
  LEAT_CHECK(remember(file_of(next_.generation->path())));
  if (current_.generation) current_.generation->set_current(false);  // what it still does concerns nobody
  std::shared_ptr<void> old = std::move(current_.projector);
  current_ = std::move(next_);
  next_ = {};
  show_current();
  return old;
}

void ReadModel::give_up_next() { next_ = {}; }

Result<> ReadModel::remember(const std::string& file) {
  LEAT_TRY(const auto files, load_generation_files(context_.platform.files, directory_));
  return platform::replace_file(context_.platform.files, directory_ + "/current", file + "\n" + files.current + "\n");
}

Result<> ReadModel::remove_others(const GenerationFiles& keep) {
  LEAT_TRY(const auto names, context_.platform.files.list(directory_));
  for (const auto& name : names) {
    if (name == "current" || belongs_to(name, keep.current) || belongs_to(name, keep.previous)) continue;
    LEAT_CHECK(context_.platform.files.remove(directory_ + "/" + name));
  }
  return {};
}

}  // namespace leat::service
