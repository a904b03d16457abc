// The part of Service that replaces what runs: another plan, or a read model filled anew.
#include <algorithm>

#include <fmt/format.h>

#include "service/service.h"
#include "service/service_parts.h"

namespace leat::service {

Result<> Service::begin_generation(const std::string& name, const PlanOf& plan, const ReadModelPlan& model_plan,
                                   const Topics& topics, Countdown& all, ReadModel::Opened opened) {
  if (!read_models_.contains(name)) {
    auto made = make_read_model(name);
    LEAT_CHECK(made->prepare_directory());
    read_models_.emplace(name, std::move(made));
  }
  auto settled = [token = all.begin()](Result<> result) mutable { token.end(std::move(result)); };
  return read_models_.at(name)->begin_next(plan, model_plan, topics, std::move(opened), on_control(std::move(settled)));
}

void Service::try_change(PlanOf plan, Done<Result<>> done) {
  next_plan_ = std::move(plan);
  writer_->try_migrations(next_plan_, on_control(std::move(done)));
}

void Service::fill_change(const Topics& topics, Done<Result<>> done) {
  LEAT_ASSERT(next_plan_ != nullptr);
  auto known = topics;
  known.merge(topics_);  // the plan in force needs those of before, also when this one is refused
  topics_ = std::move(known);
  Countdown all(on_control(std::move(done)));
  Result<> begun;
  for (const auto& model : next_plan_->read_models) {
    const auto found = read_models_.find(model.name);
    const bool same =
        found != read_models_.end() && found->second->current() && found->second->current()->plan().hash == model.hash;
    if (same || !begun) continue;
    begun = begin_generation(model.name, next_plan_, model, topics, all);
    changing_.insert(model.name);
  }
  all.note(std::move(begun));
}

void Service::hold_change(Done<Result<>> done) {
  LEAT_ASSERT(next_plan_ != nullptr);
  writer_->hold_plan(next_plan_, on_control([this, done = std::move(done)](Result<> held) mutable {
                       if (held) held = choose(changing_);
                       done(std::move(held));
                     }));
}

void Service::change(std::string plan_hash, Done<Result<>> done) {
  LEAT_ASSERT(next_plan_ != nullptr);
  relay_->change_topics(own_topics(*next_plan_));
  writer_->take_plan(
      on_control([this, plan_hash = std::move(plan_hash), done = std::move(done)](Result<> taken) mutable {
        taken ? install(std::move(plan_hash)) : give_up_change();
        done(std::move(taken));
      }));
}

void Service::install(std::string plan_hash) {
  plan_ = std::exchange(next_plan_, nullptr);
  plan_hash_ = std::move(plan_hash);
  std::erase_if(read_models_, [&](const auto& entry) {
    const bool kept = std::any_of(plan_->read_models.begin(), plan_->read_models.end(),
                                  [&](const ReadModelPlan& plan) { return plan.name == entry.first; });
    return !kept;
  });
  take_over(std::exchange(changing_, {}));
}

Result<> Service::choose(const std::set<std::string>& names) {
  for (const auto& name : names) LEAT_CHECK(read_models_.at(name)->choose_next());
  return {};
}

// They take their places; then one exchange of the view shows it to the queries.
void Service::take_over(const std::set<std::string>& names) {
  std::vector<std::shared_ptr<void>> old;
  for (auto& [name, model] : read_models_)
    if (names.contains(name)) old.push_back(model->take_over());
  show();
}

void Service::give_up_change() {
  writer_->drop_plan();
  next_plan_ = nullptr;
  for (const auto& name : std::exchange(changing_, {})) {
    const auto found = read_models_.find(name);
    if (found == read_models_.end()) continue;
    found->second->give_up_next();
    if (!found->second->current()) read_models_.erase(found);
  }
}

struct Service::Rebuild {
  std::string name;
  Done<Result<>> begun, done;
  std::weak_ptr<Generation> filling = {};
  Result<> refused = {};

  void tell(Result<> what) {
    if (auto first = std::exchange(begun, nullptr)) first(std::move(what));
  }
};

Result<> Service::rebuildable(const std::string& name) const {
  const auto found = read_models_.find(name);
  if (found == read_models_.end())
    return fail(Code::not_found, fmt::format("there is no read model {}.{}", name_, name));
  if (found->second->has_next())
    return fail(Code::conflict, fmt::format("{}.{} is being filled anew already", name_, name));
  return {};
}

void Service::rebuild(const std::string& name, Done<Result<>> begun, Done<Result<>> done) {
  if (auto possible = rebuildable(name); !possible) {
    begun(possible);
    return done(std::move(possible));
  }
  const auto rebuild = std::make_shared<Rebuild>(Rebuild{name, std::move(begun), std::move(done)});
  Countdown all(on_control([this, rebuild](Result<> settled) {
    auto ended = end_rebuild(*rebuild, std::move(settled));
    rebuild->tell(ended);
    std::exchange(rebuild->done, nullptr)(std::move(ended));
  }));
  const auto& plan = *std::ranges::find(plan_->read_models, name, &ReadModelPlan::name);
  auto filling =
      begin_generation(name, plan_, plan, topics_, all,
                       on_control([this, rebuild](Result<> opened) { opened_rebuild(rebuild, std::move(opened)); }));
  rebuild->filling = read_models_.at(name)->next();
  all.note(std::move(filling));
}

// One that finds no room at once is refused rather than kept waiting: whoever asked is still there to be told.
void Service::opened_rebuild(std::shared_ptr<Rebuild> rebuild, Result<> opened) {
  if (opened) return rebuild->tell({});
  const auto found = read_models_.find(rebuild->name);
  const auto ours = rebuild->filling.lock();
  if (found == read_models_.end() || !ours || found->second->next() != ours) return;
  rebuild->refused = std::move(opened);
  found->second->give_up_next();  // ends the rebuild
}

// An edit may have put a filling of its own in place of this one, also after this one had settled.
Result<> Service::end_rebuild(const Rebuild& rebuild, Result<> settled) {
  if (!rebuild.refused) return rebuild.refused;
  const auto found = read_models_.find(rebuild.name);
  const auto ours = rebuild.filling.lock();
  if (found == read_models_.end() || !ours || found->second->next() != ours)
    return settled ? fail(Code::conflict, fmt::format("{}.{} gave way to an edit", name_, rebuild.name))
                   : std::move(settled);
  if (settled) settled = choose({rebuild.name});
  if (settled) take_over({rebuild.name});
  if (!settled) found->second->give_up_next();
  return settled;
}

}  // namespace leat::service
