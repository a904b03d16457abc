#include "simulation.h"

#include <fmt/format.h>

#include "clients.h"
#include "database/table_hash.h"
#include "fold.h"
#include "journal.h"
#include "oracles.h"
#include "transcript.h"

namespace leat::simulation {
namespace {

constexpr std::uint64_t busy_steps_max = 4'000;  // of one life under load
constexpr std::uint64_t start_operations = 350;  // of the disk, in a first start; a later one has about a hundred
constexpr std::uint64_t trouble_every_steps = 300;
constexpr std::uint64_t never = ~0ull >> 1;

class Simulation {
 public:
  explicit Simulation(const Scenario& scenario)
      : scenario_(scenario),
        chance_(scenario.seed * 0x9e3779b97f4a7c15 + 1),
        machine_(scenario.seed, scenario.plants),
        clients_(machine_, journal_, out_.complaints, chance_.next()) {}

  Outcome run() {
    while (out_.power_cuts < scenario_.power_cuts && out_.complaints.none()) live();
    if (out_.complaints.none()) examine();
    clients_.hang_up();  // a life that ended with a complaint still answers when it is taken apart
    if (machine_.runs()) machine_.kill();
    report();
    return std::move(out_);
  }

 private:
  void live();
  bool begin();
  void look_at_the_bus();
  void work();
  void make_trouble();
  void end();
  void power_cut();
  void examine();
  bool settle();
  void rebuild();
  void take_snapshots();
  void report();

  void note(std::string what) { out_.story.push_back(std::move(what)); }
  void wrong(Wrong kind, std::string what) { out_.complaints.add(kind, std::move(what)); }
  bool crashed() { return machine_.world().files().crashed(); }
  // A failure of the disk explains it.
  bool excused() { return crashed() || troubled_; }

  const Scenario scenario_;
  platform::Chance chance_;
  Outcome out_;
  Journal journal_;
  Machine machine_;
  Clients clients_;
  Transcript before_;
  std::vector<Snapshot> snapshots_;
  bool troubled_ = false;  // a fault of the disk was ordered since the last start
  bool disk_is_full_ = false;
};

void Simulation::live() {
  auto& files = machine_.world().files();
  const bool in_the_start = chance_.below(3) == 0;
  files.crash_after(in_the_start ? 1 + chance_.below(start_operations) : never);
  if (begin()) {
    constexpr std::uint64_t operations_max[] = {30, 300, 3'000, 6'000};
    if (!in_the_start) files.crash_after(1 + chance_.below(operations_max[chance_.below(4)]));
    work();
  }
  end();
}

bool Simulation::begin() {
  const auto started = machine_.start();
  const bool excused = this->excused();  // a fault that the life before did not meet may wait for this one
  troubled_ = false;
  if (started) {
    look_at_the_bus();
    return true;
  }
  if (!excused)
    wrong(Wrong::stuck, fmt::format("does not start: {} ({})", started.error().what, machine_.last_words()));
  return false;
}

void Simulation::look_at_the_bus() {
  auto now = read_bus(machine_);
  if (now) {
    check_prefix(before_, *now, out_.complaints);
    before_ = *std::move(now);
  } else if (!crashed()) {
    wrong(Wrong::lost, "the bus cannot be read: " + now.error().what);
  }
}

void Simulation::work() {
  const auto end_at = chance_.below(busy_steps_max);
  const auto eagerness = 1 + chance_.below(8);
  auto trouble_at = chance_.below(trouble_every_steps);
  for (std::uint64_t step = 0; step < end_at && out_.complaints.none(); ++step) {
    if (step == trouble_at) {
      make_trouble();
      trouble_at += 1 + chance_.below(trouble_every_steps);
    }
    if (chance_.below(eagerness) == 0) clients_.act();
    if (chance_.below(300) == 0) take_snapshots();
    if (!machine_.world().step()) break;
  }
  machine_.world().files().set_capacity(0);
  disk_is_full_ = false;
}

void Simulation::make_trouble() {
  auto& files = machine_.world().files();
  troubled_ = scenario_.trouble != Trouble::none;
  switch (scenario_.trouble) {
    case Trouble::none:
      return;
    case Trouble::failing_syncs:
      return files.fail_next_sync();
    case Trouble::failing_writes:
      return files.fail_next_write();
    case Trouble::full_disk:
      disk_is_full_ = !disk_is_full_;
      return files.set_capacity(disk_is_full_ ? 1 : 0);
  }
}

void Simulation::end() {
  if (!out_.complaints.none()) return;
  if (machine_.runs() && !crashed()) {
    const auto how = chance_.below(8);
    if (how == 0) {
      ++out_.kills;
      note("killed");
      clients_.hang_up();
      return machine_.kill();
    }
    if (how == 1) {
      const auto stopped = machine_.stop();
      clients_.hang_up();
      if (stopped) {
        ++out_.stops;
        return note("stopped in order");
      }
      if (!excused()) wrong(Wrong::stuck, "does not stop: " + stopped.error().what);
    }
  }
  power_cut();
}

void Simulation::power_cut() {
  ++out_.power_cuts;
  out_.cuts_at_start += !machine_.runs();
  note(fmt::format("power cut {} at operation {} of the disk, {}; so far {} asked, {} acknowledged", out_.power_cuts,
                   machine_.world().files().operations(), machine_.runs() ? "under load" : "while starting or stopping",
                   journal_.intents.size(), journal_.acknowledged()));
  clients_.hang_up();
  machine_.lose_power();
}

void Simulation::take_snapshots() {
  for (const auto model : read_models) {
    auto shot = snapshot(machine_, model);
    if (shot) {
      snapshots_.push_back(*std::move(shot));
    } else if (!excused()) {
      wrong(Wrong::read_model, fmt::format("{}.{} cannot be read: {}", model.service, model.name, shot.error().what));
    }
  }
}

// The last life: nothing fails any more, everything comes to rest, and must be right.
void Simulation::examine() {
  machine_.world().files().crash_after(never);
  if (!begin() && (!out_.complaints.none() || !begin())) return;
  if (!settle()) return;
  look_at_the_bus();
  take_snapshots();
  check_events(before_, journal_, out_.complaints);
  check_snapshots(before_, snapshots_, out_.complaints);
  const auto expected = fold(before_);
  if (const auto found = states(machine_)) {
    for (const auto& [table, rows] : *found)
      check_tables("state", {{table, expected.at(table)}}, {{table, rows}}, out_.complaints);
  } else {
    wrong(Wrong::lost, "a state cannot be read: " + found.error().what);
  }
  rebuild();
  if (!machine_.stop()) wrong(Wrong::stuck, "does not stop");
}

// All events are on the bus and in the read models.
bool Simulation::settle() {
  service::SystemStatus last;
  for (int tries = 0; tries < 2'000; ++tries) {
    auto status = std::make_shared<std::optional<service::SystemStatus>>();
    machine_.system().status([status](service::SystemStatus now) { *status = std::move(now); });
    machine_.run_until([&] { return status->has_value(); });
    if (!*status) break;
    last = **status;
    bool rests = true;
    for (const auto& service : last.services) {
      rests = rests && service.running && service.outbox_waiting == 0;
      for (const auto& model : service.read_models)
        rests = rests && model.phase == service::Phase::live && model.lag_events == 0;
    }
    if (rests) return true;
    machine_.world().run(20);
  }
  for (const auto& service : last.services) {
    note(fmt::format("{}: running {}, outbox {}, {}", service.name, service.running, service.outbox_waiting,
                     service.trouble));
    for (const auto& model : service.read_models)
      note(fmt::format("{}.{}: {} {}, {} events behind", service.name, model.name, name(model.phase), model.reason,
                       model.lag_events));
  }
  wrong(Wrong::stuck, "does not come to rest");
  return false;
}

// A generation filled from the start, partitions in another order, holds the same rows.
void Simulation::rebuild() {
  const auto hash_of = [&](ReadModelName model) -> Result<std::string> {
    LEAT_TRY(const auto path, machine_.read_model_path(model.service, model.name));
    database::Options options;
    options.vfs = machine_.vfs();
    options.read_only = true;
    LEAT_TRY(auto database, database::Database::open(path, options));
    return database::schema_hash(database, "main", "leat_positions");
  };
  for (const auto model : read_models) {
    const auto live = hash_of(model);
    auto rebuilt = std::make_shared<std::optional<Result<>>>();
    machine_.system().rebuild(std::string(model.service), std::string(model.name),
                              [rebuilt](Result<> outcome) { *rebuilt = std::move(outcome); });
    machine_.run_until([&] { return rebuilt->has_value(); });
    if (!*rebuilt || !**rebuilt) {
      wrong(Wrong::stuck, fmt::format("rebuilding {}: {}", model.name, *rebuilt ? (**rebuilt).error().what : "no end"));
      continue;
    }
    const auto again = hash_of(model);
    if (!live || !again || *live != *again)
      wrong(Wrong::read_model, fmt::format("{}.{} rebuilt differs: {} and {}", model.service, model.name,
                                           live ? *live : live.error().what, again ? *again : again.error().what));
  }
}

std::uint64_t mixed(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ull;
  return hash;
}

void Simulation::report() {
  out_.asked = journal_.intents.size();
  out_.acknowledged = journal_.acknowledged();
  out_.reads = journal_.reads;
  out_.stale_reads = journal_.stale_reads;
  out_.snapshots = snapshots_.size();
  for (const auto& [status, count] : journal_.statuses) out_.refused += status >= 500 ? count : 0;
  out_.trace = 0xcbf29ce484222325ull;
  const auto trace = [&](const std::string& text) { out_.trace = mixed(out_.trace, text); };
  for (const auto& intent : journal_.intents)
    trace(fmt::format("{} {} {} {} {};", intent.number, intent.asked_at, intent.answered_at, intent.status,
                      intent.position));
  for (const auto& [partition, facts] : before_.facts) {
    out_.events += facts.size();
    for (const auto& fact : facts) trace(fmt::format("{} {};", fact.offset, fact.event_id));
  }
  for (const auto& line : out_.story) trace(line);
}

}  // namespace

std::string Outcome::text() const {
  std::string out;
  for (const auto& line : story) out += "  " + line + "\n";
  for (const auto& [kind, what] : complaints.all) out += "  WRONG: " + what + "\n";
  return out;
}

Outcome simulate(const Scenario& scenario) { return Simulation(scenario).run(); }

}  // namespace leat::simulation
