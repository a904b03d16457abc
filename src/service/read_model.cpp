#include "service/read_model.h"

#include <algorithm>
#include <charconv>
#include <utility>

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

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "<hash>.db" is number 1, "<hash>-7.db" number 7. Requires: is_generation_of().
std::int64_t number_of(std::string_view file, std::string_view hash) {
  return file.size() == hash.size() + 3 ? 1 : number_in(file.substr(hash.size() + 1));
}

std::string name_of(const std::string& hash, std::int64_t number) {
  return number == 1 ? hash + ".db" : fmt::format("{}-{}.db", hash, number);
}

// Of a folder whose `current` does not tell yet.
Result<std::int64_t> highest_number(platform::Files& files, const std::string& directory) {
  std::int64_t highest = 0;
  LEAT_TRY(const auto names, files.list(directory));
  for (const std::string_view name : names)
    if (name.ends_with(".db"))
      highest = std::max<std::int64_t>({highest, 1, number_in(name.substr(name.rfind('-') + 1))});
  return highest;
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
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  lines.resize(3);
  out.current = lines[0];
  out.previous = lines[1];
  out.last = number_in(lines[2]);
  if (out.last == 0) {
    LEAT_TRY(out.last, highest_number(files, directory));
  }
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
  gauge("leat_read_model_paused", "1 while it waits for room on a full disk.", [this] { return paused_ ? 1.0 : 0.0; });
}

ReadModel::~ReadModel() {
  gauges_.clear();
  current_ = {};  // what its thread might still say comes before the condition is gone
  context_.telemetry.health.remove(health_name(context_.service, name_));
}

void ReadModel::tell_lag(std::int64_t events, double seconds) {
  lag_events_ = events;
  lag_seconds_ = seconds;
  paused_ = shown() && shown()->state().phase == Phase::paused;
}

// From here on the program is as ready as this generation is.
void ReadModel::show_current() {
  current_.generation->set_current();
  current_.generation->tell(context_.telemetry.health, context_.service);
}

ReadModel::Filling ReadModel::begin(std::shared_ptr<const ServicePlan> service, const ReadModelPlan& plan,
                                    const Topics& topics, const std::string& file, Opened opened, Settled settled) {
  Filling out;
  out.generation = std::make_shared<Generation>(std::move(service), plan, directory_ + "/" + file, topics);
  out.projector =
      std::make_shared<Projector>(context_, options_, out.generation, std::move(opened), std::move(settled));
  out.projector->start();
  return out;
}

Result<> ReadModel::open(std::shared_ptr<const ServicePlan> service, const ReadModelPlan& plan, const Topics& topics,
                         Opened opened) {
  LEAT_CHECK(prepare_directory());
  LEAT_TRY(const auto files, load_generation_files(context_.platform.files, directory_));
  LEAT_TRY(const auto file, file_for(files, plan));
  if (file != files.current) {
    LEAT_TRY(const auto now, load_generation_files(context_.platform.files, directory_));
    LEAT_CHECK(remember({file, now.current, now.last}));
  }
  current_ = begin(std::move(service), plan, topics, file, std::move(opened), [](Result<>) {});
  show_current();
  return {};
}

Result<> ReadModel::prepare_directory() { return make_durable_folders(context_.platform.files, base_, below_); }

Result<> ReadModel::begin_next(std::shared_ptr<const ServicePlan> service, const ReadModelPlan& plan,
                               const Topics& topics, Opened opened, Settled settled) {
  give_up_next();
  LEAT_TRY(const auto files, load_generation_files(context_.platform.files, directory_));
  LEAT_CHECK(remove_others(files));
  LEAT_TRY(const auto file, new_file(files, plan));
  next_ = begin(std::move(service), plan, topics, file, std::move(opened), std::move(settled));
  return {};
}

// What fits the plan: the file in use, else the newest filling of it that was begun, else a new one.
Result<std::string> ReadModel::file_for(const GenerationFiles& files, const ReadModelPlan& plan) {
  if (is_generation_of(files.current, plan.hash)) return files.current;
  LEAT_TRY(const auto names, context_.platform.files.list(directory_));
  std::int64_t newest = 0;
  for (const auto& name : names)
    if (is_generation_of(name, plan.hash)) newest = std::max(newest, number_of(name, plan.hash));
  if (newest > 0) return name_of(plan.hash, newest);
  return new_file(files, plan);
}

// The number is remembered before there is a file of it.
Result<std::string> ReadModel::new_file(GenerationFiles files, const ReadModelPlan& plan) {
  ++files.last;
  LEAT_CHECK(remember(files));
  return name_of(plan.hash, files.last);
}

Result<> ReadModel::choose_next() {
  LEAT_ASSERT(has_next());
  LEAT_TRY(const auto files, load_generation_files(context_.platform.files, directory_));
  return remember({file_of(next_.generation->path()), file_in_use(files), files.last});
}

std::shared_ptr<void> ReadModel::take_over() {
  LEAT_ASSERT(has_next());
  if (current_.generation) current_.generation->set_current(false);  // what it still does concerns nobody
  std::shared_ptr<void> old = std::move(current_.projector);
  current_ = std::move(next_);
  next_ = {};
  show_current();
  return old;
}

void ReadModel::give_up_next() { next_ = {}; }

// Not always the one that was noted: an edit may have chosen another and then been given up.
std::string ReadModel::file_in_use(const GenerationFiles& files) const {
  return current_.generation ? file_of(current_.generation->path()) : files.current;
}

Result<> ReadModel::remember(const GenerationFiles& files) {
  return platform::replace_file(context_.platform.files, directory_ + "/current",
                                fmt::format("{}\n{}\n{}\n", files.current, files.previous, files.last));
}

Result<> ReadModel::remove_others(const GenerationFiles& keep) {
  LEAT_TRY(const auto names, context_.platform.files.list(directory_));
  for (const auto& name : names) {
    if (name == "current" || belongs_to(name, keep.current) || belongs_to(name, keep.previous) ||
        belongs_to(name, file_in_use(keep)))
      continue;
    LEAT_CHECK(context_.platform.files.remove(directory_ + "/" + name));
  }
  return {};
}

}  // namespace leat::service
