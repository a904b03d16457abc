// The part of Service that replaces what runs: another plan, or a read model filled anew.
#include <algorithm>

#include <fmt/format.h>

#include "service/service.h"
#include "service/service_parts.h"

namespace leat::service {

Result<> Service::begin_generation(const std::string& name, const PlanOf& plan, const ReadModelPlan& model_plan,
                                   const Topics& topics, std::shared_ptr<Countdown> all, ReadModel::Opened opened) {
  if (!read_models_.contains(name)) {
    auto made = make_read_model(name);
    LEAT_CHECK(made->prepare_directory());
    read_models_.emplace(name, std::move(made));
  }
  all->begin();
  auto settled = on_control([all](Result<> result) { all->end(std::move(result)); });
  auto begun = read_models_.at(name)->begin_next(plan, model_plan, topics, std::move(opened), std::move(settled));
  if (!begun) all->end({});
  return begun;
}

void Service::prepare_change(PlanOf plan, const Topics& topics, Done<Result<>> done) {
  next_plan_ = std::move(plan);
  writer_->try_migrations(next_plan_, on_control([this, topics, done = std::move(done)](Result<> tried) mutable {
                            if (!tried) return done(std::move(tried));
                            begin_fillings(topics, std::move(done));
                          }));
}

void Service::begin_fillings(const Topics& topics, Done<Result<>> done) {
  auto known = topics;
  known.merge(topics_);  // the plan in force needs those of before, also when this one is refused
  topics_ = std::move(known);
  auto all = std::make_shared<Countdown>(std::move(done));
  all->begin();
  Result<> begun;
  for (const auto& model : next_plan_->read_models) {
    const auto found = read_models_.find(model.name);
    const bool same =
        found != read_models_.end() && found->second->current() && found->second->current()->plan().hash == model.hash;
    if (same || !begun) continue;
    begun = begin_generation(model.name, next_plan_, model, topics, all);
    changing_.insert(model.name);
  }
  all->end(std::move(begun));
}

void Service::change(std::string plan_hash, Done<Result<>> done) {
  LEAT_ASSERT(next_plan_ != nullptr);
  relay_->change_topics(own_topics(*next_plan_));
  writer_->change_plan(next_plan_, on_control([this, plan_hash = std::move(plan_hash),
                                               done = std::move(done)](Result<> changed) mutable {
                         if (!changed) return done(std::move(changed));
                         install(std::move(plan_hash), std::move(done));
                       }));
}

void Service::install(std::string plan_hash, Done<Result<>> done) {
  plan_ = std::exchange(next_plan_, nullptr);
  plan_hash_ = std::move(plan_hash);
  std::erase_if(read_models_, [&](const auto& entry) {
    const bool kept = std::any_of(plan_->read_models.begin(), plan_->read_models.end(),
                                  [&](const ReadModelPlan& plan) { return plan.name == entry.first; });
    return !kept;
  });
  done(take_over(std::exchange(changing_, {})));
}

// They take their places; then one exchange of the view shows it to the queries.
Result<> Service::take_over(const std::set<std::string>& names) {
  std::vector<std::shared_ptr<void>> old;
  for (auto& [name, model] : read_models_) {
    if (!names.contains(name)) continue;
    LEAT_TRY(auto replaced, model->take_over());
    old.push_back(std::move(replaced));
  }
  show();
  return {};
}

void Service::give_up_change() {
  next_plan_ = nullptr;
  for (const auto& name : std::exchange(changing_, {})) {
    const auto found = read_models_.find(name);
    if (found == read_models_.end()) continue;
    found->second->give_up_next();
    if (!found->second->current()) read_models_.erase(found);
  }
}

void Service::rebuild(const std::string& name, Done<Result<>> done) {
  const auto found = std::find_if(plan_->read_models.begin(), plan_->read_models.end(),
                                  [&](const ReadModelPlan& plan) { return plan.name == name; });
  if (found == plan_->read_models.end())
    return done(fail(Code::not_found, fmt::format("{} has no read model {}", name_, name)));
  if (read_models_.at(name)->has_next())
    return done(fail(Code::conflict, fmt::format("{}.{} is being filled anew already", name_, name)));
  auto filling = std::make_shared<std::weak_ptr<Generation>>();
  auto all = std::make_shared<Countdown>([this, name, filling, done = std::move(done)](Result<> settled) mutable {
    done(end_rebuild(name, *filling, std::move(settled)));
  });
  all->begin();
  auto begun = begin_generation(name, plan_, *found, topics_, all);
  *filling = read_models_.at(name)->next();
  all->end(std::move(begun));
}

// An edit may have put a filling of its own in place of this one, also after this one had settled.
Result<> Service::end_rebuild(const std::string& name, const std::weak_ptr<Generation>& filled, Result<> settled) {
  const auto found = read_models_.find(name);
  const auto ours = filled.lock();
  if (found == read_models_.end() || !ours || found->second->next() != ours)
    return settled ? fail(Code::conflict, fmt::format("{}.{} gave way to an edit", name_, name)) : std::move(settled);
  if (settled) settled = take_over({name});
  if (!settled) found->second->give_up_next();
  return settled;
}

}  // namespace leat::service
