#include "service/service.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <tuple>

#include <fmt/format.h>

#include "service/folders.h"
#include "service/service_parts.h"

namespace leat::service {
namespace {

// The same route in another version of the plan; the size of `routes` when it is gone.
template <class Routes>
std::size_t same_route(const Routes& routes, const RoutePlan& route) {
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const auto& other) {
    return other.route.method == route.method && other.route.path == route.path;
  });
  return static_cast<std::size_t>(found - routes.begin());
}

// The same values mean the same to both.
bool same_parameters(const std::vector<ParameterPlan>& a, const std::vector<ParameterPlan>& b) {
  return std::ranges::equal(
      a, b, {}, [](const auto& x) { return std::tie(x.name, x.type); },
      [](const auto& x) { return std::tie(x.name, x.type); });
}

http::Response gone() { return http::problem(404, "Not found", "this route has just been removed"); }

}  // namespace

struct Service::Shown {
  std::shared_ptr<const View> get() const {
    const std::lock_guard lock(mutex);
    return view;
  }
  void set(std::shared_ptr<const View> next) {
    const std::lock_guard lock(mutex);
    view.swap(next);
  }

 private:
  mutable std::mutex mutex;
  std::shared_ptr<const View> view;
};

Service::Service(Surroundings around, PlanOf plan, std::string plan_hash, Topics topics)
    : around_(std::move(around)),
      name_(plan->name),
      directory_(around_.directory + "/" + name_),
      plan_(std::move(plan)),
      plan_hash_(std::move(plan_hash)),
      topics_(std::move(topics)),
      shown_(std::make_shared<Shown>()) {
  relay_ = std::make_shared<Relay>(name_, around_.bus, around_.platform, around_.timers, around_.telemetry,
                                   around_.options, own_topics(*plan_));
  writer_ = std::make_shared<Writer>(
      Writer::Context{around_.system, name_, directory_ + "/state.db", around_.platform, around_.telemetry, relay_},
      around_.options, plan_);
  queries_ = std::make_shared<Queries>(name_, around_.platform, around_.timers, around_.telemetry, around_.options);
  auto gauge = [&](const char* name, const char* help, std::function<double()> ask) {
    gauges_.push_back(around_.telemetry.metrics.gauge_from(name, help, {{"service", name_}}, std::move(ask)));
  };
  gauge("leat_commands_waiting", "Commands that wait for the writer.",
        [writer = writer_.get()] { return static_cast<double>(writer->waiting()); });
  gauge("leat_queries_waiting", "Queries that wait for a reader.",
        [queries = queries_.get()] { return static_cast<double>(queries->waiting()); });
  gauge("leat_outbox_rows", "Events that are committed and not yet on the bus.",
        [relay = relay_.get()] { return static_cast<double>(relay->waiting()); });
  gauge("leat_outbox_paused", "1 while the bus takes no events since its disk is full.",
        [relay = relay_.get()] { return relay->paused() ? 1.0 : 0.0; });
  gauge("leat_commands_paused", "1 while commands cannot be committed since the disk is full.",
        [writer = writer_.get()] { return writer->trouble().empty() ? 0.0 : 1.0; });
}

Service::~Service() {
  gauges_.clear();
  alive_.reset();
  queries_->close();
  queries_.reset();
  read_models_.clear();
  relay_->close();
  writer_.reset();
  around_.telemetry.health.remove("outbox " + name_);
  around_.telemetry.health.remove("commands " + name_);
}

Service::Topics Service::own_topics(const ServicePlan& plan) const {
  Topics own;
  for (const auto& topic : plan.topics) own.emplace(topic.name, topics_.at(topic.name));
  return own;
}

void Service::start(Done<Result<>> done) {
  if (auto made = make_durable_folders(around_.platform.files, around_.directory, name_); !made)
    return done(std::move(made));
  relay_->open(on_control([this, done = std::move(done)](Result<std::uint64_t> last) mutable {
    if (!last) return done(fail(std::move(last).error()));
    open_writer(*last, std::move(done));
  }));
}

void Service::open_writer(std::uint64_t last_published, Done<Result<>> done) {
  writer_->open(last_published, on_control([this, done = std::move(done)](Result<Writer::Opened> opened) mutable {
                  if (!opened) return done(fail(std::move(opened).error()));
                  relay_->take(std::move(opened->unpublished), {});
                  around_.relays->put(name_, relay_);
                  Countdown all(on_control(std::move(done)));
                  auto begun = open_read_models(all);
                  if (begun) show();
                  all.note(std::move(begun));
                }));
}

Result<> Service::open_read_models(Countdown& all) {
  for (const auto& plan : plan_->read_models) {
    auto& model = read_models_[plan.name] = make_read_model(plan.name);
    // One that cannot be read yet is shown by /readyz; the service serves all else.
    auto opened = [token = all.begin()](Result<>) mutable { token.end({}); };
    LEAT_CHECK(model->open(plan_, plan, topics_, on_control(std::move(opened))));
  }
  return {};
}

std::unique_ptr<ReadModel> Service::make_read_model(const std::string& name) const {
  return std::make_unique<ReadModel>(Projector::Context{name_, around_.platform, around_.bus, around_.telemetry}, name,
                                     around_.options, directory_);
}

// From here on queries see the current generations.
void Service::show() {
  Generations generations;
  for (const auto& [name, model] : read_models_) generations.emplace(name, model->current());
  std::shared_ptr<const View> view =
      make_view(plan_, plan_hash_, directory_ + "/state.db", generations, around_.telemetry.metrics);
  shown_->set(view);
  queries_->show(std::move(view));
}

std::shared_ptr<const View> Service::view() const { return shown_->get(); }

void Service::drain(Task done) {
  queries_->close();
  writer_->drain(on_control([done = std::move(done)]() mutable { done(); }));
}

void Service::command(const PlanOf& plan, std::size_t route, http::Request request,
                      const std::vector<std::string>& path, http::Reply reply) {
  const auto view = this->view();
  const auto index = view->plan == plan ? route : same_route(view->plan->commands, plan->commands[route].route);
  if (index == view->plan->commands.size()) return reply(gone());
  auto command = read_command(view->plan, index, request, path);
  if (!command) return reply(std::move(command).error());
  if (command->key) {
    auto held = running_keys_->hold(*command->key);
    if (!held) return reply(std::move(held).error());
    command->held = *std::move(held);
  }
  command->reply = std::move(reply);
  if (command->plan().let.empty()) return writer_->submit(*std::move(command));
  around_.lets->compute(*std::move(command), [writer = std::weak_ptr(writer_)](Command ready) {
    if (const auto self = writer.lock()) return self->submit(std::move(ready));
    ready.reply(http::problem(503, "The service cannot do this now", "the service is stopping"));
  });
}

void Service::query(const PlanOf& plan, std::size_t route, http::Request request, const std::vector<std::string>& path,
                    http::Reply reply) {
  auto view = this->view();
  const auto index = view->plan == plan ? route : same_route(view->plan->queries, plan->queries[route].route);
  if (index == view->plan->queries.size()) return reply(gone());
  auto job = read_query(std::move(view), index, request, path);
  if (!job) return reply(std::move(job).error());
  job->reply = std::move(reply);
  const auto wanted = request.headers.get("Leat-Position");
  if (!wanted) return queries_->submit(*std::move(job));
  wait_and_submit(*std::move(job), *wanted, request.headers.get("Leat-Wait"));
}

OrResponse<QueryJob> Service::read_query(std::shared_ptr<const View> view, std::size_t index, http::Request& request,
                                         const std::vector<std::string>& path) {
  const auto& plan = *view->queries[index].plan;
  QueryJob job;
  job.index = index;
  job.view = std::move(view);
  auto path_parameters = path_values(plan.route, path);
  if (!path_parameters) return std::unexpected(std::move(path_parameters).error());
  job.path = *std::move(path_parameters);
  const auto pairs = http::QueryString::parse(http::split_target(request.target).query);
  if (!pairs) return std::unexpected(http::problem(400, "The query string is wrong", pairs.error().what));
  auto query_parameters = query_values(plan.route, *pairs, plan.many);
  if (!query_parameters) return std::unexpected(std::move(query_parameters).error());
  job.query = *std::move(query_parameters);
  if (plan.many) {
    auto page = read_page(plan, *pairs);
    if (!page) return std::unexpected(std::move(page).error());
    job.page = *std::move(page);
  }
  job.target = std::move(request.target);
  if (const auto etags = request.headers.get("If-None-Match")) job.if_none_match = *etags;
  job.arrived = request.arrived;
  job.deadline = request.deadline;
  return job;
}

struct Service::Waiting {
  QueryJob job;
  Wanted wanted;
  platform::Instant until;
  std::shared_ptr<const Shown> shown;
  std::weak_ptr<Queries> queries;
  std::shared_ptr<const Relays> relays;
  platform::Clock& clock;
  platform::Executor& timers;

  // When another view has taken the place of the one that the query was read for, and the query means the same there.
  bool go_over_to_the_current_view() {
    auto now = shown->get();
    const auto& before = *job.view->queries[job.index].plan;
    if (now == job.view) return false;
    const auto index = same_route(now->plan->queries, before.route);
    if (index == now->plan->queries.size()) return false;
    const auto& after = *now->queries[index].plan;
    if (after.many != before.many || after.order_columns.size() != before.order_columns.size() ||
        !same_parameters(after.route.path_parameters, before.route.path_parameters) ||
        !same_parameters(after.route.query_parameters, before.route.query_parameters))
      return false;
    job.index = index;
    job.view = std::move(now);
    return true;
  }
};

void Service::wait_and_submit(QueryJob job, std::string_view positions, std::optional<std::string_view> patience) {
  auto wanted = parse_wanted(positions, around_.bus.id());
  if (!wanted) return job.reply(http::problem(400, "Leat-Position is wrong", wanted.error().what));
  const auto most = this->patience(patience);
  if (!most) return job.reply(http::problem(400, "Leat-Wait is wrong", most.error().what));
  auto& clock = around_.platform.clock;
  wait(std::make_shared<Waiting>(Waiting{std::move(job), *std::move(wanted), clock.now() + *most, shown_, queries_,
                                         around_.relays, clock, around_.timers}));
}

// Starts anew when what it waited for has been replaced: whoever took over may be there already.
void Service::wait(std::shared_ptr<Waiting> waiting) {
  const auto& view = *waiting->job.view;
  auto read_models = view.groups[view.queries[waiting->job.index].group].read_models;
  const auto patience = std::max<platform::Duration>(waiting->until - waiting->clock.now(), {});
  auto& timers = waiting->timers;
  auto wanted = waiting->wanted;
  auto relays = waiting->relays;
  PositionWait::begin(std::move(wanted), std::move(read_models), std::move(relays), patience, timers,
                      [waiting = std::move(waiting)](Waited how) mutable {
                        if (how == Waited::ended && waiting->go_over_to_the_current_view())
                          return wait(std::move(waiting));
                        auto& job = waiting->job;
                        job.stale = how != Waited::there;
                        if (const auto queries = waiting->queries.lock()) return queries->submit(std::move(job));
                        job.reply(http::problem(503, "The service cannot do this now", "the service is stopping"));
                      });
}

// `Leat-Wait: <milliseconds>`
Result<platform::Duration> Service::patience(std::optional<std::string_view> header) const {
  if (!header) return around_.options.position_wait;
  std::int64_t ms = 0;
  const auto* end = header->data() + header->size();
  const auto read = std::from_chars(header->data(), end, ms);
  if (read.ec != std::errc{} || read.ptr != end || ms < 0)
    return fail(Code::invalid, "it is a number of milliseconds, like 500");
  const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(around_.options.position_wait_max).count();
  return std::chrono::milliseconds(std::min(ms, most));
}

ServiceStatus Service::status() const {
  ServiceStatus out;
  out.name = name_;
  out.running = true;
  out.trouble = writer_->trouble();
  if (out.trouble.empty()) out.trouble = relay_->trouble();
  out.commands_waiting = writer_->waiting();
  out.queries_waiting = queries_->waiting();
  out.outbox_waiting = relay_->waiting();
  for (const auto& [name, model] : read_models_) {
    if (!model->shown()) continue;
    const auto& generation = *model->shown();
    const auto state = generation.state();
    out.read_models.push_back({name, generation.plan().hash, state.phase, state.reason,
                               model->current() && model->has_next(), generation.progress().positions(), 0, 0});
  }
  return out;
}

void Service::tell_lag(const std::string& read_model, std::int64_t events, double seconds) {
  if (const auto found = read_models_.find(read_model); found != read_models_.end())
    found->second->tell_lag(events, seconds);
}

std::vector<std::shared_ptr<Generation>> Service::generations() const {
  std::vector<std::shared_ptr<Generation>> out;
  for (const auto& [name, model] : read_models_)
    if (model->shown()) out.push_back(model->shown());
  return out;
}

}  // namespace leat::service
