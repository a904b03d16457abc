// The part of System that puts another plan in force while the old one serves.
#include <algorithm>

#include <fmt/format.h>

#include "service/runtime_parts.h"

namespace leat::service {

struct System::Reload {
  PlanPtr plan;
  Topics topics;
  Done<Result<>> done;
};

namespace {

bool names(const SystemPlan& plan, const std::string& service) {
  return std::any_of(plan.services.begin(), plan.services.end(),
                     [&](const ServicePlan& other) { return other.name == service; });
}

}  // namespace

void System::reload(SystemPlan plan, Done<Result<>> done) {
  auto reload =
      std::make_shared<Reload>(Reload{std::make_shared<const SystemPlan>(std::move(plan)), {}, std::move(done)});
  mailbox_->post([this, reload] {
    if (std::exchange(reloading_, true)) return reload->done(fail(Code::conflict, "another change is being prepared"));
    ensure_topics(reload->plan, [this, reload](Result<Topics> topics) {
      if (!topics) return finish(reload, fail(std::move(topics).error()));
      reload->topics = *std::move(topics);
      prepare(reload);
    });
  });
}

void System::prepare(std::shared_ptr<Reload> reload) {
  const auto all =
      std::make_shared<Countdown>([this, reload](Result<> prepared) { switch_over(reload, std::move(prepared)); });
  all->begin();
  for (const auto& service : reload->plan->services) {
    const auto found = slots_.find(service.name);
    if (found == slots_.end() || !found->second->service) continue;
    all->begin();
    found->second->service->prepare_change(PlanOf(reload->plan, &service), reload->topics,
                                           [all, name = service.name](Result<> ready) {
                                             if (!ready) ready = fail(std::move(ready).error().in("service " + name));
                                             all->end(std::move(ready));
                                           });
  }
  all->end({});
}

// Every service that runs in both plans changes; those of the new one alone start, those of the old one alone stop.
void System::switch_over(std::shared_ptr<Reload> reload, Result<> prepared) {
  if (!prepared) {
    for (const auto& [name, slot] : slots_)
      if (slot->service) slot->service->give_up_change();
    return finish(reload, std::move(prepared));
  }
  {
    const std::lock_guard lock(mutex_);
    plan_ = reload->plan;
    topics_ = reload->topics;
    for (const auto& service : plan_->services)
      if (auto& slot = slots_[service.name]; !slot) slot = std::make_shared<Slot>(options_);
  }
  const auto all =
      std::make_shared<Countdown>([this, reload](Result<> changed) { finish(reload, std::move(changed)); });
  const auto end = [all](Result<> result) { all->end(std::move(result)); };
  all->begin();
  for (const auto& [name, slot] : slots_) {
    if (slot->told_to_stop && names(*plan_, name)) continue;
    all->begin();
    if (!names(*plan_, name)) {
      halt_service(name, [this, name, end](Result<> halted) {
        telemetry_.health.remove("service " + name);
        end(std::move(halted));
      });
    } else if (slot->service) {
      slot->service->change(plan_->hash, end);
    } else {
      // One that cannot start is logged and shown by /readyz; the others change, as they do when the system starts.
      run_service(name, [end](Result<>) { end({}); });
    }
  }
  all->end({});
}

void System::finish(std::shared_ptr<Reload> reload, Result<> changed) {
  reloading_ = false;
  reload->done(std::move(changed));
}

}  // namespace leat::service
