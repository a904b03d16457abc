// The part of System that puts another plan in force while the old one serves.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "service/runtime_parts.h"

namespace leat::service {

struct System::Reload {
  PlanPtr plan;
  Topics topics;                                     // of the plan, as the bus has them
  std::map<std::string, definition::Topic> missing;  // those that it does not have
  Done<Result<>> done;
  std::vector<std::string> running = {};      // services that change while they run
  std::map<std::string, Error> refused = {};  // of those: who could not take it at last
  std::optional<Error> not_kept = {};         // why topics could not be configured
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
  for (auto& service : out.services) {
    if (!refused.contains(service.name)) continue;
    service = *std::ranges::find(old.services, service.name, &ServicePlan::name);
    for (const auto& topic : service.topics) out.topics.insert_or_assign(topic.name, topic);
  }
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
      std::make_shared<Reload>(Reload{std::make_shared<const SystemPlan>(std::move(plan)), {}, {}, std::move(done)});
  mailbox_->post([this, reload] {
    if (std::exchange(reloading_, true)) return reload->done(fail(Code::conflict, "another change is being prepared"));
    when_settled([this, reload] { find_topics(reload); });
  });
}

// A service that is just starting has not opened its state, one that is being stopped may be asked to start again: both
// would go on with the plan before this one.
void System::when_settled(Task then) {
  if (making_topics_ > 0) {
    when_decided_.emplace_back([this, then = std::move(then)]() mutable { when_settled(std::move(then)); });
    return;
  }
  const auto unsettled = [](const auto& entry) {
    return entry.second->starting() || !entry.second->when_halted.empty();
  };
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

// Only looked at: an edit that is refused must not have changed how a topic is kept, since what a shorter retention has
// deleted is gone.
void System::find_topics(std::shared_ptr<Reload> reload) {
  bus_.topics(on_control([this, reload](Result<std::vector<bus::Topic>> there) {
    auto sorted = there ? sort_topics(*reload, *there) : fail(std::move(there).error());
    sorted ? try_all(reload) : give_up(reload, std::move(sorted).error());
  }));
}

// Which topics of the plan there are. One that nothing in force uses may be left over from an edit that was refused:
// the bus knows whether it can still become what is wanted.
Result<> System::sort_topics(Reload& reload, const std::vector<bus::Topic>& there) {
  for (const auto& [name, wanted] : reload.plan->topics) {
    const auto found = std::ranges::find(there, name, &bus::Topic::name);
    const bool same = found != there.end() && found->config.partitions == wanted.partitions;
    if (same) {
      reload.topics.emplace(name, *found);
    } else if (found != there.end() && topics_.contains(name)) {
      return fail(Code::conflict,
                  fmt::format("topic {} has {} partitions, not {}; their number is fixed, since it says where each key "
                              "lies: make a new topic and move to it",
                              name, found->config.partitions, wanted.partitions));
    } else {
      reload.missing.emplace(name, wanted);
    }
  }
  return {};
}

void System::try_all(std::shared_ptr<Reload> reload) {
  Countdown all(on_control([this, reload](Result<> tried) { make_missing_topics(reload, std::move(tried)); }));
  for (const auto& service : reload->plan->services) {
    const auto found = slots_.find(service.name);
    if (found == slots_.end() || !found->second->service || !found->second->when_halted.empty()) continue;
    reload->running.push_back(service.name);
    found->second->service->try_change(PlanOf(reload->plan, &service), ending(all, "service " + service.name));
  }
}

// As late as can be: what is filled next reads from them. One that stays behind when the edit is refused holds nothing.
void System::make_missing_topics(std::shared_ptr<Reload> reload, Result<> tried) {
  if (!tried) return give_up(reload, std::move(tried).error());
  ensure_topics(reload->missing, [this, reload](Result<Topics> made) {
    if (!made) return give_up(reload, std::move(made).error());
    reload->topics.merge(*made);
    fill_all(reload);
  });
}

void System::fill_all(std::shared_ptr<Reload> reload) {
  Countdown all(on_control([this, reload](Result<> filled) { switch_over(reload, std::move(filled)); }));
  for (const auto& name : reload->running) {
    if (const auto& service = slots_.at(name)->service) {
      service->fill_change(reload->topics, ending(all, "service " + name));
    } else {
      all.note(fail(stopped(name)));
    }
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
    topics_made_ = true;
    for (const auto& service : plan_->services)
      if (auto& slot = slots_[service.name]; !slot) slot = std::make_shared<Slot>(options_);
  }
  configure_topics(std::move(reload));
}

// Nobody can refuse the edit any more. What fails here is told, and done by the next start or edit.
void System::configure_topics(std::shared_ptr<Reload> reload) {
  ensure_topics(plan_->topics, [this, reload](Result<Topics> kept) {
    if (kept) topics_ = *std::move(kept);
    if (!kept) reload->not_kept = std::move(kept).error().in("the edit is in force, but not how its topics are kept");
    start_and_stop_others(reload);
  });
}

// Those of the new plan alone start, those of the old one alone stop.
void System::start_and_stop_others(std::shared_ptr<Reload> reload) {
  Countdown all(on_control([this, reload](Result<> changed) {
    if (reload->not_kept) changed = fail(*std::move(reload->not_kept));
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
