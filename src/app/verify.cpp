// `leat verify` and `leat repair`: what is wrong with a data directory that no program has open, and giving it up.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/topic_names.h"
#include "log/damage.h"
#include "log/repair.h"
#include "telemetry/log.h"

namespace leat::app {
namespace {

struct Look {
  std::unique_ptr<platform::Lock> lock;
  std::string log;
  std::unique_ptr<log::Inspection> inspection;

  static Result<Look> at(const std::string& data, platform::Platform platform) {
    Look out;
    LEAT_TRY(out.lock, hold_data_directory(platform.files, data));
    LEAT_CHECK(check_log_is_there(platform.files, data));
    out.log = data + "/log";
    LEAT_TRY(out.inspection, log::Inspection::of(platform, out.log));
    return out;
  }
  std::vector<log::Damage> damages() const {
    std::vector<log::Damage> all = inspection->fundamental();
    for (const auto& one : inspection->partitions()) all.insert(all.end(), one.damages.begin(), one.damages.end());
    return all;
  }
};

// What to do when there is nothing to be looked at.
std::string_view next_after(const Error& error) {
  if (error.code == Code::conflict)
    return "A running program reads everything itself (`leat up --scrub-days`); to look now, stop it first.";
  if (error.code == Code::corrupt) return "Restore the data directory from a backup, or bring the log's disk back.";
  if (error.code == Code::not_found) return "Say where it is: `leat verify DIR` or --data.";
  return {};
}

std::string cost_of(const log::Damage& damage, const TopicNames& names) {
  if (!damage.lost || damage.lost->first == damage.lost->next) return "";
  return fmt::format("; {} offsets [{}, {}) cannot be read", names.text(*damage.partition), damage.lost->first.value,
                     damage.lost->next.value);
}

json::object to_json(const log::Damage& damage, const TopicNames& names) {
  json::object out{{"file", damage.file}, {"begin", damage.begin}, {"end", damage.end}, {"what", damage.what}};
  if (damage.partition) out["partition"] = names.text(*damage.partition);
  if (damage.lost) {
    out["first"] = damage.lost->first.value;
    out["next"] = damage.lost->next.value;
  }
  return out;
}

void print(const std::vector<log::Damage>& damages, const TopicNames& names, Console& console) {
  for (const log::Damage& damage : damages) {
    if (console.json)
      console.print(json::object{{"damage", to_json(damage, names)}});
    else
      console.out << log::text(damage) << cost_of(damage, names) << '\n';
  }
}

// What earlier repairs gave up: it can be read no more, but it is known, and no damage.
void print_given_up(const log::Inspection& inspection, const TopicNames& names, Console& console) {
  for (const auto& one : inspection.partitions()) {
    const std::string partition = names.text(one.partition->id());
    for (const log::OffsetRange& range : one.partition->lost()) {
      if (console.json)
        console.print(json::object{
            {"given_up",
             json::object{{"partition", partition}, {"first", range.first.value}, {"next", range.next.value}}}});
      else
        console.out << fmt::format("{} offsets [{}, {}) were given up by a repair\n", partition, range.first.value,
                                   range.next.value);
    }
  }
}

void print_end(const Look& look, std::size_t damages, Console& console) {
  const auto bytes = look.inspection->bytes();
  const auto partitions = look.inspection->partitions().size();
  if (console.json)
    console.print(
        json::object{{"ok", damages == 0}, {"damages", damages}, {"bytes", bytes}, {"partitions", partitions}});
  else if (damages == 0)
    console.out << fmt::format("no damage: {} bytes in {} partitions\n", bytes, partitions);
  else
    console.out << fmt::format("{} damaged; {} bytes in {} partitions were read\n", damages, bytes, partitions);
}

// One line for each range, on standard error: what was given up must be found again.
void tell(const std::vector<log::Damage>& given_up, const TopicNames& names, platform::Platform platform) {
  telemetry::Log log(platform.clock, telemetry::format_for_stderr());
  for (const log::Damage& damage : given_up)
    log.warn("a repair gave up a part of the history", {{"partition", names.text(*damage.partition)},
                                                        {"first", damage.lost->first.value},
                                                        {"next", damage.lost->next.value},
                                                        {"damage", log::text(damage)}});
}

}  // namespace

int verify(const DataOptions& options, platform::Platform platform, Console& console) {
  const auto look = Look::at(data_directory(options.directory, options.data), platform);
  if (!look) return console.failed(look.error(), next_after(look.error()));
  const auto damages = look->damages();
  const TopicNames names(*look->inspection);
  print(damages, names, console);
  print_given_up(*look->inspection, names, console);
  print_end(*look, damages.size(), console);
  return damages.empty() ? exit_ok : exit_failed;
}

int repair(const DataOptions& options, bool accept_loss, platform::Platform platform, Console& console) {
  const auto look = Look::at(data_directory(options.directory, options.data), platform);
  if (!look) return console.failed(look.error(), next_after(look.error()));
  const TopicNames names(*look->inspection);
  const auto damages = look->damages();
  if (damages.empty()) {
    print_end(*look, 0, console);
    return exit_ok;
  }
  if (!look->inspection->fundamental().empty()) {
    print(damages, names, console);
    return console.failed({Code::corrupt, "there is damage that no repair can pass over; nothing was changed"},
                          "Restore the data directory from a backup.");
  }
  if (!accept_loss) {
    print(damages, names, console);
    return console.failed({Code::corrupt, "these offsets would be lost; nothing was changed"},
                          "Restore a backup if there is one. `leat repair --accept-loss` gives them up.");
  }
  const auto given_up = log::give_up_damaged(platform, look->log, *look->inspection);
  if (!given_up) return console.failed(given_up.error(), "What was done is whole; do it again.");
  print(*given_up, names, console);
  tell(*given_up, names, platform);
  if (!console.json) console.out << fmt::format("given up; `{}/repairs` says so too\n", look->log);
  return exit_ok;
}

}  // namespace leat::app
