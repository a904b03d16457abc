#include "service/runtime.h"

#include <algorithm>

#include <fmt/format.h>

#include "service/runtime_parts.h"

namespace leat::service {
namespace {

http::Response not_running(const std::string& service, const std::string& why) {
  auto response = http::problem(503, "The service does not run", fmt::format("{}: {}", service, why));
  response.headers.add("Retry-After", "1");
  return response;
}

template <void (Service::*act)(const PlanOf&, std::size_t, http::Request, const std::vector<std::string>&, http::Reply),
          class Slot>
auto handler_of(std::shared_ptr<Slot> slot, PlanOf plan, std::size_t index) {
  return [slot = std::move(slot), plan = std::move(plan), index](
             http::Request request, const std::vector<std::string>& path, http::Reply reply) {
    const std::shared_lock lock(slot->mutex);
    if (!slot->open) return reply(not_running(plan->name, slot->why));
    ((*slot->service).*act)(plan, index, std::move(request), path, std::move(reply));
  };
}

// A service that stopped in the middle of a change would leave it without an end.
Error being_changed() { return {Code::conflict, "an edit is being put in force; ask again when it is"}; }

bus::TopicConfig config_of(const definition::Topic& topic) {
  bus::TopicConfig out;
  out.partitions = topic.partitions;
  out.retention_ms = topic.retention.milliseconds;
  out.retention_bytes = topic.retention.bytes;
  return out;
}

}  // namespace

struct TopicsInMaking {
  std::map<std::string, bus::TopicConfig> left;
  Service::Topics made;
  Done<Result<Service::Topics>> done;
};

System::System(SystemPlan plan, platform::Platform platform, bus::Bus& bus, telemetry::Telemetry telemetry,
               std::string directory, Options options)
    : platform_(platform),
      bus_(bus),
      telemetry_(telemetry),
      directory_(std::move(directory)),
      options_(std::move(options)),
      plan_(std::make_shared<const SystemPlan>(std::move(plan))),
      again_(options_.backoff_min, options_.backoff_max),
      lets_(std::make_shared<Lets>(platform, options_)),
      timers_(platform.executors.open("timers", 1)),
      control_(platform.executors.open("control", 1)),
      mailbox_(std::make_shared<Mailbox>(*control_)) {
  for (const auto& service : plan_->services) slots_.emplace(service.name, std::make_shared<Slot>(options_));
}

System::~System() {
  mailbox_->close();
  control_.reset();
  for (auto& [name, slot] : slots_) slot->take("the system has stopped");
  lets_.reset();
  timers_.reset();
}

System::PlanPtr System::plan() const {
  const std::lock_guard lock(mutex_);
  return plan_;
}

std::shared_ptr<System::Slot> System::slot(const std::string& service) {
  const std::lock_guard lock(mutex_);
  auto& slot = slots_[service];
  if (!slot) slot = std::make_shared<Slot>(options_);
  return slot;
}

std::vector<Route> System::routes() const {
  std::vector<Route> out;
  const std::lock_guard lock(mutex_);
  for (const auto& service : plan_->services) {
    const PlanOf plan(plan_, &service);
    const auto& slot = slots_.at(service.name);
    for (std::size_t i = 0; i < service.commands.size(); ++i)
      out.push_back({service.commands[i].route.method, service.commands[i].route.path, service.name,
                     handler_of<&Service::command>(slot, plan, i)});
    for (std::size_t i = 0; i < service.queries.size(); ++i)
      out.push_back({service.queries[i].route.method, service.queries[i].route.path, service.name,
                     handler_of<&Service::query>(slot, plan, i)});
  }
  return out;
}

void System::start(Done<Result<>> done) {
  mailbox_->post([this, done = std::move(done)]() mutable { start_all(std::move(done)); });
}

void System::with_topics(Done<Result<>> done) {
  if (topics_made_) return done({});
  ++making_topics_;
  ensure_topics(plan_->topics, [this, done = std::move(done)](Result<Topics> made) mutable {
    done(take_topics(std::move(made)));
    if (--making_topics_ > 0) return;
    for (auto& task : std::exchange(when_decided_, {})) task();
  });
}

Result<> System::take_topics(Result<Topics> made) {
  if (!made) {
    cannot_make_topics(made.error());
    return fail(std::move(made).error());
  }
  topics_ = *std::move(made);
  topics_made_ = true;
  return {};
}

// Without topics no service runs, and each says so.
void System::cannot_make_topics(const Error& why) {
  telemetry_.log.error("the topics cannot be made", {{"why", why}});
  for (const auto& service : plan_->services) {
    slot(service.name)->keep_out(why.what);
    telemetry_.health.set("service " + service.name, false, why.what);
  }
  if (why.code == Code::no_space) start_all_again_later();
}

void System::start_all_again_later() {
  if (std::exchange(starts_again_, true)) return;
  timers_->post_after(again_.next(platform_.random), on_control([this] {
                        starts_again_ = false;
                        if (stopping_ || topics_made_) return;
                        if (reloading_) return start_all_again_later();
                        start_all([](Result<>) {});
                      }));
}

void System::ensure_topics(const std::map<std::string, definition::Topic>& topics, Done<Result<Topics>> done) {
  auto making = std::make_shared<TopicsInMaking>(TopicsInMaking{{}, {}, std::move(done)});
  for (const auto& [name, topic] : topics) making->left.emplace(name, config_of(topic));
  ensure_next(std::move(making));
}

void System::ensure_next(std::shared_ptr<TopicsInMaking> making) {
  if (making->left.empty()) return making->done(std::move(making->made));
  const auto next = making->left.extract(making->left.begin());
  const auto& name = next.key();
  bus_.ensure_topic(name, next.mapped(), on_control([this, making, name](Result<bus::Topic> made) {
                      if (!made) return making->done(fail(std::move(made).error().in("topic " + name)));
                      making->made.emplace(name, *std::move(made));
                      ensure_next(making);
                    }));
}

void System::start_all(Done<Result<>> done) {
  with_topics([this, done = std::move(done)](Result<> made) mutable {
    if (!made) return done(std::move(made));
    again_.reset();
    Countdown all(on_control(std::move(done)));
    for (const auto& service : plan_->services)
      if (!slot(service.name)->told_to_stop) run_service(service.name, ending(all));
  });
}

Surroundings System::surroundings() {
  return {plan_->name, directory_, platform_, bus_, telemetry_, options_, *timers_, mailbox_, lets_, relays_};
}

void System::run_service(const std::string& name, Done<Result<>> done) {
  const auto found = std::find_if(plan_->services.begin(), plan_->services.end(),
                                  [&](const ServicePlan& plan) { return plan.name == name; });
  if (found == plan_->services.end()) return done(fail(Code::not_found, fmt::format("there is no service {}", name)));
  auto slot = this->slot(name);
  if (!slot->when_halted.empty()) {  // it comes back when it is gone
    slot->when_halted.emplace_back(
        [this, name, done = std::move(done)]() mutable { run_service(name, std::move(done)); });
    return;
  }
  if (slot->starting()) {
    slot->when_started.emplace_back(
        [this, name, done = std::move(done)]() mutable { run_service(name, std::move(done)); });
    return;
  }
  if (slot->service) return done({});
  slot->put(std::make_unique<Service>(surroundings(), PlanOf(plan_, &*found), plan_->hash, topics_));
  slot->service->start([this, slot, name, done = std::move(done)](Result<> started) mutable {
    telemetry_.health.set("service " + name, started.has_value(), started ? "" : started.error().what);
    if (started) {
      slot->again.reset();
      slot->let_in();
      return done({});
    }
    telemetry_.log.error("a service cannot start", {{"service", name}, {"why", started.error()}});
    // Not here: this is a call of that service.
    mailbox_->post([slot, why = started.error().what] { slot->take(why); });
    if (started.error().code == Code::no_space) start_again_later(name);
    done(fail(std::move(started).error().in("service " + name)));
  });
}

// A full disk passes: nobody should have to start again by hand what needed only room.
void System::start_again_later(const std::string& name) {
  const auto slot = this->slot(name);
  if (std::exchange(slot->starts_again, true)) return;
  timers_->post_after(slot->again.next(platform_.random), on_control([this, slot, name] {
                        slot->starts_again = false;
                        if (slot->told_to_stop || stopping_) return;
                        if (reloading_) return start_again_later(name);
                        run_service(name, [](Result<>) {});
                      }));
}

void System::start_service(std::string name, Done<Result<>> done) {
  mailbox_->post([this, name = std::move(name), done = std::move(done)]() mutable {
    if (reloading_) return done(fail(being_changed()));
    if (const auto found = slots_.find(name); found != slots_.end()) found->second->told_to_stop = false;
    with_topics([this, name, done = std::move(done)](Result<> made) mutable {
      if (!made) return done(std::move(made));
      Countdown started(on_control(std::move(done)));  // also told when it is stopped meanwhile
      run_service(name, ending(started));
    });
  });
}

void System::stop_service(std::string name, Done<Result<>> done) {
  mailbox_->post([this, name = std::move(name), done = std::move(done)]() mutable {
    if (reloading_) return done(fail(being_changed()));
    if (const auto found = slots_.find(name); found != slots_.end()) found->second->told_to_stop = true;
    halt_service(name, std::move(done));
  });
}

void System::halt_service(const std::string& name, Done<Result<>> done) {
  const auto found = slots_.find(name);
  if (found == slots_.end()) return done(fail(Code::not_found, fmt::format("there is no service {}", name)));
  auto slot = found->second;
  if (!slot->service) return done({});
  slot->when_halted.emplace_back([done = std::move(done)]() mutable { done({}); });
  if (slot->when_halted.size() > 1) return;
  slot->keep_out("stopped");
  slot->service->drain([this, slot, name] {
    mailbox_->post([this, slot, name] {
      slot->take("stopped");
      telemetry_.health.set("service " + name, false, "stopped");
      for (auto& halted : std::exchange(slot->when_halted, {})) halted();
    });
  });
}

void System::stop(Done<Result<>> done) {
  mailbox_->post([this, done = std::move(done)]() mutable {
    stopping_ = true;
    Countdown all(on_control(std::move(done)));
    for (const auto& [name, slot] : slots_) halt_service(name, ending(all));
  });
}

Result<Service*> System::running(const std::string& name) {
  if (reloading_) return fail(being_changed());
  const auto found = slots_.find(name);
  if (found == slots_.end()) return fail(Code::not_found, fmt::format("there is no service {}", name));
  const auto& slot = *found->second;
  if (!slot.service || !slot.open)
    return fail(Code::conflict, fmt::format("service {} does not run: {}", name, slot.why));
  return slot.service.get();
}

void System::rebuild(std::string service, std::string read_model, Done<Result<>> done, Done<Result<>> begun) {
  mailbox_->post([this, service = std::move(service), read_model = std::move(read_model), done = std::move(done),
                  begun = std::move(begun)]() mutable {
    const auto found = running(service);
    if (found) return (*found)->rebuild(read_model, std::move(begun), std::move(done));
    begun(fail(found.error()));
    done(fail(found.error()));
  });
}

}  // namespace leat::service
