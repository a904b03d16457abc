// The part of Writer that takes another plan in two steps, so that several services take theirs together or not at all.
#include "service/writer.h"

namespace leat::service {

database::Deadline Writer::until_stopped() {
  return {state_->database, context_.platform.clock, platform::Instant::max(), &stopping_};
}

void Writer::try_migrations(std::shared_ptr<const ServicePlan> plan, Done<Result<>> done) {
  executor_->post([this, plan = std::move(plan), done = std::move(done)]() mutable {
    if (auto opened = ensure_open(); !opened) return done(std::move(opened));
    const auto deadline = until_stopped();
    done(service::try_migrations(state_->database, plan->state, context_.platform.clock));
  });
}

void Writer::hold_plan(std::shared_ptr<const ServicePlan> plan, Done<Result<>> done) {
  executor_->post([this, plan = std::move(plan), done = std::move(done)]() mutable {
    auto held = draining() ? fail(Code::conflict, "the service is stopping") : hold(std::move(plan));
    done(std::move(held));
  });
}

Result<> Writer::hold(std::shared_ptr<const ServicePlan> plan) {
  LEAT_CHECK(ensure_open());
  LEAT_TRY(auto transaction, database::Transaction::write(state_->database));
  const auto deadline = until_stopped();
  LEAT_CHECK(run_new_migrations(state_->database, plan->state, context_.platform.clock));
  held_.emplace(std::move(transaction));
  held_plan_ = std::move(plan);
  return {};
}

void Writer::take_plan(Done<Result<>> done) {
  executor_->post([this, done = std::move(done)]() mutable {
    auto taken = take_held();
    wake();  // what has waited
    done(std::move(taken));
  });
}

Result<> Writer::take_held() {
  if (!held_plan_) return fail(Code::conflict, "the service is stopping");
  auto plan = std::exchange(held_plan_, nullptr);
  auto committed = held_->commit();
  held_.reset();
  if (committed) adopt(std::move(plan));
  if (!committed && committed.error().code != Code::no_space) lose_connection(committed.error());
  return committed;
}

void Writer::drop_plan() {
  executor_->post([this] {
    if (!held_plan_) return;
    let_go();
    wake();
  });
}

void Writer::let_go() {
  held_.reset();
  held_plan_ = nullptr;
}

bool Writer::draining() const {
  const std::lock_guard lock(mutex_);
  return draining_;
}

}  // namespace leat::service
