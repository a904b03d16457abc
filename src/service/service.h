// service/service.h — one running service: its writer, its relay, its read models, its readers.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "http/http.h"
#include "service/countdown.h"
#include "service/lets.h"
#include "service/mailbox.h"
#include "service/options.h"
#include "service/position_wait.h"
#include "service/queries.h"
#include "service/read_model.h"
#include "service/relays.h"
#include "service/status.h"
#include "service/view.h"
#include "service/writer.h"

namespace leat::service {

using PlanOf = std::shared_ptr<const ServicePlan>;

// What a service has of the system around it.
struct Surroundings {
  std::string system;
  std::string directory;  // of the system; the service's is below it, by its name
  platform::Platform platform;
  bus::Bus& bus;
  telemetry::Telemetry telemetry;
  Options options;
  platform::Executor& timers;
  std::shared_ptr<Mailbox> control;  // the thread that starts, changes and stops services
  std::shared_ptr<Lets> lets;
  std::shared_ptr<Relays> relays;
};

// command() and query() from any thread; all else on the control thread, where callbacks come as well.
class Service {
 public:
  using Topics = std::map<std::string, bus::Topic>;

  Service(Surroundings, PlanOf, std::string plan_hash, Topics topics);
  ~Service();

  // Opens the state, resumes the outbox, opens the read models.
  void start(Done<Result<>> done);
  // Takes no more commands and queries; `done` when the commands that were taken are committed.
  void drain(Task done);

  // Reads the request and hands it on; `route` is its number in the plan, or in the plan before the last change.
  void command(const PlanOf&, std::size_t route, http::Request, const std::vector<std::string>& path, http::Reply);
  void query(const PlanOf&, std::size_t route, http::Request, const std::vector<std::string>& path, http::Reply);

  // Tries the plan's migrations. Nothing is changed yet, nor by the next one.
  void try_change(PlanOf, Done<Result<>> done);
  // Fills what the plan that was tried needs beside what is there; `done` when everything has caught up.
  void fill_change(const Topics&, Done<Result<>> done);
  // All of the prepared plan that can fail is done, and can still be undone; commands wait from here on.
  void hold_change(Done<Result<>> done);
  // The plan that is held comes into force: migrations, commands, queries and read models. After a failure the one
  // before goes on.
  void change(std::string plan_hash, Done<Result<>> done);
  void give_up_change();
  // Fills a read model anew and puts it in place of the old one. `begun` is told once, before `done`: it is being
  // filled, or why it is not (`done` is told the same).
  void rebuild(const std::string& read_model, Done<Result<>> begun, Done<Result<>> done);

  ServiceStatus status() const;
  std::vector<std::shared_ptr<Generation>> generations() const;  // one for each read model of status(), in its order
  // For the metrics, from who has asked the bus for its ends.
  void tell_lag(const std::string& read_model, std::int64_t events, double seconds);
  const PlanOf& plan() const { return plan_; }

 private:
  template <class F>
  auto on_control(F f);
  void open_writer(std::uint64_t last_published, Done<Result<>> done);
  Result<> open_read_models(Countdown&);
  std::unique_ptr<ReadModel> make_read_model(const std::string& name) const;
  void show();
  Topics own_topics(const ServicePlan&) const;
  std::shared_ptr<const View> view() const;
  OrResponse<QueryJob> read_query(std::shared_ptr<const View>, std::size_t index, http::Request&,
                                  const std::vector<std::string>& path);
  void wait_and_submit(QueryJob, std::string_view positions, std::optional<std::string_view> patience);
  Result<platform::Duration> patience(std::optional<std::string_view> header) const;
  struct Shown;    // what queries see, also those that have waited while the service went on
  struct Waiting;  // a query that waits for a position
  static void wait(std::shared_ptr<Waiting>);
  Result<> begin_generation(
      const std::string& name, const PlanOf&, const ReadModelPlan&, const Topics&, Countdown&,
      ReadModel::Opened opened = [](Result<>) {});
  void take_over(const std::set<std::string>& names);
  struct Rebuild;
  Result<> rebuildable(const std::string& name) const;
  void opened_rebuild(std::shared_ptr<Rebuild>, Result<> opened);
  Result<> end_rebuild(const Rebuild&, Result<> settled);
  void install(std::string plan_hash);
  Result<> choose(const std::set<std::string>& names);

  const Surroundings around_;
  const std::string name_, directory_;
  PlanOf plan_, next_plan_;
  std::string plan_hash_;
  Topics topics_;
  std::shared_ptr<Relay> relay_;
  std::shared_ptr<Writer> writer_;
  const std::shared_ptr<RunningKeys> running_keys_ = std::make_shared<RunningKeys>();
  std::map<std::string, std::unique_ptr<ReadModel>> read_models_;
  std::set<std::string> changing_;  // read models that the next plan changes
  const std::shared_ptr<Shown> shown_;
  std::shared_ptr<Queries> queries_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::vector<telemetry::Registration> gauges_;
};

}  // namespace leat::service
