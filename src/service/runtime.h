// service/runtime.h — a whole system of services, running as its plan says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "bus/bus.h"
#include "http/http.h"
#include "platform/platform.h"
#include "service/backoff.h"
#include "service/options.h"
#include "service/plan.h"
#include "service/service.h"
#include "service/status.h"
#include "telemetry/telemetry.h"

namespace leat::service {

// What the gateway registers. `path_values`: decoded, in order of appearance in `path`. Called on any thread; does not
// block.
struct Route {
  std::string method, path, service;
  std::function<void(http::Request, std::vector<std::string> path_values, http::Reply)> handler;
};

// Everything lies below `directory`, which exists: <service>/state.db and <service>/read_models/<name>/. The bus and
// the platform outlive the system. All members may be called from any thread; callbacks come on the system's control
// thread.
//
// Destroying it is a crash as far as the disk is concerned; stop() before it is the orderly way.
class System {
 public:
  System(SystemPlan, platform::Platform, bus::Bus&, telemetry::Telemetry, std::string directory, Options = {});
  ~System();

  // Makes the topics and starts all services. The first failure is told when all have been tried; those that could
  // start run, the others answer 503.
  void start(Done<Result<>> done);
  // What was taken is finished, nothing new is.
  void stop(Done<Result<>> done);

  // Of the plan in force. Routes stay valid, also when the plan changes or the system is gone.
  std::vector<Route> routes() const;

  // Fills what is new beside what is old, then puts the new plan in force at one instant: done, and routes() tells the
  // new ones. With a failure the old plan goes on as if nothing had been asked; only when the disk fails at the very
  // last step some services may have taken it: then the failure names them, and routes() tells each service's plan in
  // force. One at a time (Code::conflict).
  void reload(SystemPlan, Done<Result<>> done);
  void stop_service(std::string name, Done<Result<>> done);
  void start_service(std::string name, Done<Result<>> done);
  // `begun`, if given, is told once and before `done`: that the read model is being filled, or why not: not_found,
  // conflict when it is being filled already, its service does not run or an edit is under way, or what the disk says.
  void rebuild(
      std::string service, std::string read_model, Done<Result<>> done, Done<Result<>> begun = [](Result<>) {});
  void status(Done<SystemStatus> done);

 private:
  struct Slot;  // where a service runs, or why it does not
  struct Reload;
  struct Asking;  // a status that still waits for the ends of topics
  using Topics = Service::Topics;
  using PlanPtr = std::shared_ptr<const SystemPlan>;

  template <class F>
  auto on_control(F f);
  PlanPtr plan() const;
  std::shared_ptr<Slot> slot(const std::string& service);
  void ensure_topics(const std::map<std::string, definition::Topic>&, Done<Result<Topics>> done);
  void ensure_next(std::shared_ptr<struct TopicsInMaking>);
  void with_topics(Done<Result<>> done);
  Result<> take_topics(Result<Topics> made);
  void start_all(Done<Result<>> done);
  void cannot_make_topics(const Error&);
  void start_all_again_later();
  Result<Service*> running(const std::string& service);
  void run_service(const std::string& name, Done<Result<>> done);
  void start_again_later(const std::string& name);
  void halt_service(const std::string& name, Done<Result<>> done);
  void when_settled(Task then);
  void find_topics(std::shared_ptr<Reload>);
  Result<> sort_topics(Reload&, const std::vector<bus::Topic>& there);
  void try_all(std::shared_ptr<Reload>);
  void make_missing_topics(std::shared_ptr<Reload>, Result<> tried);
  void fill_all(std::shared_ptr<Reload>);
  void switch_over(std::shared_ptr<Reload>, Result<> prepared);
  void give_up(std::shared_ptr<Reload>, Error why);
  void change_all(std::shared_ptr<Reload>);
  void put_in_force(std::shared_ptr<Reload>);
  void configure_topics(std::shared_ptr<Reload>);
  void start_and_stop_others(std::shared_ptr<Reload>);
  void finish(std::shared_ptr<Reload>, Result<> changed);
  void ask_next_end(std::shared_ptr<Asking>);
  ServiceStatus status_of(const std::string& service, const std::vector<bus::Position>& ends);
  Surroundings surroundings();

  const platform::Platform platform_;
  bus::Bus& bus_;
  const telemetry::Telemetry telemetry_;
  const std::string directory_;
  const Options options_;

  mutable std::mutex mutex_;
  PlanPtr plan_;
  // Of the control thread, but for looking up.
  std::map<std::string, std::shared_ptr<Slot>> slots_;
  Topics topics_;
  bool topics_made_ = false;        // nothing can run before
  std::size_t making_topics_ = 0;   // times that with_topics() waits for the bus
  std::vector<Task> when_decided_;  // made when it does not any more
  bool starts_again_ = false;       // start_all() will come
  Backoff again_;
  bool reloading_ = false, stopping_ = false;

  std::shared_ptr<Relays> relays_ = std::make_shared<Relays>();
  std::shared_ptr<Lets> lets_;
  std::unique_ptr<platform::Executor> timers_, control_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace leat::service
