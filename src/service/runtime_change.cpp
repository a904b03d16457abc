// The part of System that puts another plan in force while the old one serves.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "service/runtime_parts.h"

namespace leat::service {

struct System::Reload {
  PlanPtr plan;
  Topics topics;
  Done<Result<>> done;
  std::vector<std::string> running = {};      // services that change while they run
  std::map<std::string, Error> refused = {};  // of those: who could not take it at last
};

namespace {

bool names(const SystemPlan& plan, const std::string& service) {
  return std::any_of(plan.services.begin(), plan.services.end(),
                     [&](const ServicePlan& other) { return other.name == service; });
}

Error stopped(const std::string& service) { return {Code::conflict, "service " + service + " is being stopped"}; }

// The new plan, but for services that have to go on with their part of the old one.
SystemPlan merged(const SystemPlan& next, const SystemPlan& old, const std::map<std::string, Error>& refused) {
  SystemPlan out = next;
  for (auto& service : out.services)
    if (refused.contains(service.name)) service = *std::ranges::find(old.services, service.name, &ServicePlan::name);
  out.events.insert(old.events.begin(), old.events.end());
  out.topics.insert(old.topics.begin(), old.topics.end());
  return out;
}

// Who took the edit and who did not, by name, and why not.
Error partly(const std::vector<std::string>& services, const std::map<std::string, Error>& refused) {
  std::vector<std::string> took, why;
  for (const auto& name : services)
    if (!refused.contains(name)) took.push_back(name);
  for (const auto& [name, error] : refused) why.push_back(fmt::format("{} ({})", name, error.what));
  return {refused.begin()->second.code,
          fmt::format("the edit is in force in: {}; not in: {}; those go on as they were",
                      took.empty() ? "no service" : fmt::format("{}", fmt::join(took, ", ")), fmt::join(why, ", "))};
}

}  // namespace

void System::reload(SystemPlan plan, Done<Result<>> done) {
  auto reload =
      std::make_shared<Reload>(Reload{std::make_shared<const SystemPlan>(std::move(plan)), {}, std::move(done)});
  mailbox_->post([this, reload] {
    if (std::exchange(reloading_, true)) return reload->done(fail(Code::conflict, "another change is being prepared"));
    ensure_topics(reload->plan, [this, reload](Result<Topics> topics) {
      if (!topics) return give_up(reload, std::move(topics).error());
      reload->topics = *std::move(topics);
      when_settled([this, reload] { prepare(reload); });
    });
  });
}

// A service that is just starting has not opened its state, one that is being stopped may be asked to start again: both
// would go on with the plan before this one.
void System::when_settled(Task then) {
  const auto unsettled = [](const auto& entry) { return entry.second->starting() || !entry.second->when_halted.empty(); };
  if (std::ranges::none_of(slots_, unsettled)) return then();
  Countdown all(on_control([this, then = std::move(then)](Result<>) mutable { when_settled(std::move(then)); }));
  for (const auto& [name, slot] : slots_) {
    auto settled = [token = all.begin()]() mutable { token.end({}); };
    if (!slot->when_halted.empty()) {
      slot->when_halted.emplace_back(std::move(settled));
    } else if (slot->starting()) {
      slot->when_started.emplace_back(std::move(settled));
    }
  }
}

void System::prepare(std::shared_ptr<Reload> reload) {
  Countdown all(on_control([this, reload](Result<> prepared) { switch_over(reload, std::move(prepared)); }));
  for (const auto& service : reload->plan->services) {
    const auto found = slots_.find(service.name);
    if (found == slots_.end() || !found->second->service || !found->second->when_halted.empty()) continue;
    reload->running.push_back(service.name);
    found->second->service->prepare_change(PlanOf(reload->plan, &service), reload->topics,
                                           ending(all, "service " + service.name));
  }
}

// Since they were tried, rows have changed and the disk may have filled: every service does all that can fail and holds
// it; only when all have does any of them commit.
void System::switch_over(std::shared_ptr<Reload> reload, Result<> prepared) {
  if (!prepared) return give_up(reload, std::move(prepared).error());
  Countdown all(on_control([this, reload](Result<> held) {
    if (!held) return give_up(reload, std::move(held).error());
    change_all(reload);
  }));
  for (const auto& name : reload->running) {
    if (const auto& service = slots_.at(name)->service) {
      service->hold_change(ending(all, "service " + name));
    } else {
      all.note(fail(stopped(name)));
    }
  }
}

void System::give_up(std::shared_ptr<Reload> reload, Error why) {
  for (const auto& name : reload->running)
    if (const auto& slot = slots_.at(name); slot->service) slot->service->give_up_change();
  finish(reload, fail(std::move(why)));
}

void System::change_all(std::shared_ptr<Reload> reload) {
  Countdown all(on_control([this, reload](Result<>) { put_in_force(reload); }));
  for (const auto& name : reload->running) {
    reload->refused.emplace(name, stopped(name));  // until it says otherwise
    const auto& service = slots_.at(name)->service;
    if (!service) continue;
    service->change(reload->plan->hash, [token = all.begin(), reload, name](Result<> changed) mutable {
      if (changed) reload->refused.erase(name);
      if (!changed) reload->refused.at(name) = std::move(changed).error();
      token.end({});
    });
  }
}

void System::put_in_force(std::shared_ptr<Reload> reload) {
  {
    const std::lock_guard lock(mutex_);
    plan_ = reload->refused.empty()
                ? reload->plan
                : std::make_shared<const SystemPlan>(merged(*reload->plan, *plan_, reload->refused));
    auto topics = reload->topics;
    if (!reload->refused.empty()) topics.merge(topics_);
    topics_ = std::move(topics);
    for (const auto& service : plan_->services)
      if (auto& slot = slots_[service.name]; !slot) slot = std::make_shared<Slot>(options_);
  }
  start_and_stop_others(std::move(reload));
}

// Those of the new plan alone start, those of the old one alone stop.
void System::start_and_stop_others(std::shared_ptr<Reload> reload) {
  Countdown all(on_control([this, reload](Result<> changed) {
    if (!reload->refused.empty()) changed = fail(partly(reload->running, reload->refused));
    finish(reload, std::move(changed));
  }));
  for (const auto& [name, slot] : slots_) {
    const bool stays = names(*plan_, name);
    if (stays && (slot->told_to_stop || slot->service)) continue;
    if (stays) {
      // One that cannot start is logged and shown by /readyz; the others change, as they do when the system starts.
      run_service(name, [token = all.begin()](Result<>) mutable { token.end({}); });
      continue;
    }
    halt_service(name, [this, name, token = all.begin()](Result<> halted) mutable {
      telemetry_.health.remove("service " + name);
      token.end(std::move(halted));
    });
  }
}

void System::finish(std::shared_ptr<Reload> reload, Result<> changed) {
  reloading_ = false;
  reload->done(std::move(changed));
}

}  // namespace leat::service
