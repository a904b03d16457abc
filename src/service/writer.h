// service/writer.h — the one thread that changes a service's state: takes all commands that wait, one transaction for
// all of them, a savepoint for each.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "database/deadline.h"
#include "database/transaction.h"
#include "platform/platform.h"
#include "service/answers.h"
#include "service/backoff.h"
#include "service/command.h"
#include "service/emission.h"
#include "service/options.h"
#include "service/outbox.h"
#include "service/reaction.h"
#include "service/relay.h"
#include "service/state.h"
#include "telemetry/telemetry.h"

namespace leat::service {

// Promises
//   * A success is answered only after its commit is on disk, and its events wait in the same commit.
//   * A command that fails leaves nothing behind, whatever else shares its transaction.
//   * What a key was answered commits with the effect; asked again, it is answered so again.
//   * After a failed commit nothing of it is acknowledged, and that is told (health, trouble()) until it is mended; the
//     file is opened anew before anything else is done, unless only the disk was full: then it is tried again until
//     there is room.
// submit() from any thread. What a command's answer says beyond its row: docs/adr/0007-service-runtime.md.
class Writer {
 public:
  struct Context {
    std::string system, service;
    std::string path;  // of state.db
    platform::Platform platform;
    telemetry::Telemetry telemetry;
    std::shared_ptr<Relay> relay;
  };
  struct Opened {
    std::string identity;
    std::vector<OutboxRow> unpublished;
  };

  Writer(Context, const Options&, std::shared_ptr<const ServicePlan>);
  ~Writer();

  // Opens and migrates the state. Code::conflict when the bus has seen more of this service than its state has (a state
  // from an older backup would give numbers twice), or lacks what the state has published (events would be missing).
  void open(std::uint64_t last_published, Done<Result<Opened>> done);
  // Answers 503 at once when too many wait.
  void submit(Command);
  // Whether the plan's migrations fit the state: they run on it, and nothing of them is kept.
  void try_migrations(std::shared_ptr<const ServicePlan>, Done<Result<>> done);
  // Runs the plan's migrations in a transaction that stays open; commands wait from here on, until one of the next two.
  void hold_plan(std::shared_ptr<const ServicePlan>, Done<Result<>> done);
  // Commits, and goes on with that plan; commands for the earlier one that still wait are answered 503. After a failure
  // the earlier one goes on. Code::conflict when nothing is held any more (the service is being stopped).
  void take_plan(Done<Result<>> done);
  void drop_plan();  // as if nothing had been held

  std::size_t waiting() const;
  std::string trouble() const;  // why commands cannot be committed; empty when they can
  // Nothing is taken any more; what waits is done and answered, as far as command_time_max allows, then `done`. A
  // migration that is running is interrupted: it has not happened, and runs at the next start.
  void drain(Task done);

 private:
  struct Batch;
  struct Replayed;
  struct Numbers;

  void wake();
  void run();
  std::vector<Command> take();
  Result<Opened> open_now(std::uint64_t last_published);
  Result<> check_same_age(std::uint64_t published, std::uint64_t last, const std::vector<OutboxRow>&) const;
  database::Deadline until_stopped();
  platform::Instant latest(platform::Instant now) const;
  Result<> hold(std::shared_ptr<const ServicePlan>);
  Result<> take_held();
  void let_go();
  void adopt(std::shared_ptr<const ServicePlan>);
  bool draining() const;
  Result<> ensure_open();
  Result<> reopen();
  void execute(std::vector<Command>);
  Result<> run_batch(Batch&);
  void run_one(Batch&, Command&);
  Result<> try_one(Batch&, Command&);
  Result<> react(Batch&, Command&, Reaction&);
  Result<> keep_effect(Batch&, Command&, Effect, database::Savepoint&);
  void fail_batch(Batch&, const Error&);
  static std::vector<Command> take_undone(Batch&);
  Result<> finish_batch(Batch&);
  void drop_connection();
  void lose_connection(const Error& why);
  void hinder(const std::string& why);
  void pause(const Error&);
  void go_on();
  void look_later();
  void look_again();
  void look_at_outcome();
  Result<> write_something();
  void tell(Batch&);
  Result<Reaction*> reaction(std::size_t index);
  Result<bool> replay(Batch&, Command&);
  Result<> remember(Batch&, const Command&, const http::Response&, std::uint64_t last_event);
  Result<> decide_against(Batch&, Command&, http::Response);
  Result<> remember_too_late(Batch&);
  Result<> forget_answers(Batch&);
  void count_answers(const Batch&);
  void tell_again(Replayed&);
  Result<std::vector<OutboxRow>> seal_events(std::vector<DraftEvent>, const Command&, std::int64_t now_ms) const;
  void answer(Command&, http::Response);
  void count(const Command&, int status);
  Told answer_when_told(Command, http::Response, std::uint64_t number);

  const Context context_;
  const Options options_;

  mutable std::mutex mutex_;
  std::shared_ptr<Numbers> numbers_;  // changed by the writer's thread, which reads it as it is
  std::deque<Command> queue_;
  bool scheduled_ = false, draining_ = false;
  platform::Instant drain_until_{};     // set when draining_
  std::atomic<bool> stopping_ = false;  // no migration goes on
  std::atomic<bool> given_up_ = false;  // nothing does
  Task drained_;
  std::string trouble_;

  // Of the writer's thread.
  std::shared_ptr<const ServicePlan> plan_;
  bool opened_ = false;  // open() has succeeded: the numbers below mean something
  std::optional<State> state_;
  std::optional<Outbox> outbox_;
  std::optional<Answers> answers_;
  database::Statement next_version_;
  std::vector<std::optional<Reaction>> reactions_;
  std::shared_ptr<const ServicePlan> held_plan_;  // null: nothing is held
  std::optional<database::Transaction> held_;     // with its migrations
  std::uint64_t last_number_ = 0, forgotten_ = 0;
  Backoff backoff_;
  bool paused_ = false;   // there was no room
  bool looking_ = false;  // look_again() will come

  std::unique_ptr<platform::Executor> executor_;  // last: its tasks use all of the above
};

}  // namespace leat::service
