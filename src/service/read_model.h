// service/read_model.h — the generations of one read model: the one that queries see, and the one that will follow it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "service/generation.h"
#include "service/projector.h"

namespace leat::service {

// Which files of a read model count, kept in `<directory>/current`: the one in use and the one before it. Everything
// else in the folder is a filling that was given up, and is removed when the next one begins. A number is never given
// twice in a folder's life: a reader that still holds a removed file must not meet another one under its name.
struct GenerationFiles {
  std::string current, previous;  // names within the folder; empty: none
  std::int64_t last = 0;          // the number that was given last
};
Result<GenerationFiles> load_generation_files(platform::Files&, const std::string& directory);

// One thread at a time (the system's control thread); callbacks come from a projector's.
class ReadModel {
 public:
  using Topics = std::map<std::string, bus::Topic>;

  using Settled = Projector::Settled;
  using Opened = Projector::Opened;

  // Its files lie in `base`/read_models/`name`.
  ReadModel(Projector::Context, std::string name, const Options&, std::string base);
  ~ReadModel();

  // Opens the generation that fits the plan: the current one, or a filling that an earlier life began, or a new one.
  // `opened`: as Projector tells it.
  Result<> open(std::shared_ptr<const ServicePlan>, const ReadModelPlan&, const Topics&, Opened opened);

  // Requires once before begin_next() where nothing was opened.
  Result<> prepare_directory();
  // Begins a generation beside the current one; when it settles well it may take over. An earlier one that is still
  // filling is given up.
  Result<> begin_next(std::shared_ptr<const ServicePlan>, const ReadModelPlan&, const Topics&, Opened opened,
                      Settled settled);
  bool has_next() const { return next_.generation != nullptr; }
  // Notes durably that the next generation is the one in use. Nothing depends on it until take_over().
  Result<> choose_next();
  // Makes the next generation the current one and returns what holds the old one's thread: drop it when no query needs
  // it to follow any more. Requires: it was chosen.
  std::shared_ptr<void> take_over();
  void give_up_next();

  // What the metrics say about the current generation; whoever has asked the bus for its ends knows it.
  void tell_lag(std::int64_t events, double seconds);

  const std::shared_ptr<Generation>& current() const { return current_.generation; }
  const std::shared_ptr<Generation>& next() const { return next_.generation; }
  // What a status tells of: the one that queries see, or the first one while that still fills.
  const std::shared_ptr<Generation>& shown() const { return current_.generation ? current() : next(); }

 private:
  struct Filling {
    std::shared_ptr<Generation> generation;
    std::shared_ptr<Projector> projector;
  };
  Filling begin(std::shared_ptr<const ServicePlan>, const ReadModelPlan&, const Topics&, const std::string& file,
                Opened opened, Settled settled);
  Result<std::string> new_file(GenerationFiles, const ReadModelPlan&);
  Result<std::string> file_for(const GenerationFiles&, const ReadModelPlan&);
  Result<> remember(const GenerationFiles&);
  std::string file_in_use(const GenerationFiles&) const;
  Result<> remove_others(const GenerationFiles&);
  void show_current();

  const Projector::Context context_;
  const std::string name_;
  const Options options_;
  const std::string base_, below_, directory_;
  Filling current_, next_;
  std::atomic<std::int64_t> lag_events_ = 0;
  std::atomic<double> lag_seconds_ = 0;
  std::atomic<bool> paused_ = false;
  std::vector<telemetry::Registration> gauges_;  // last: they ask the above
};

}  // namespace leat::service
