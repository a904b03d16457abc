#include "service/projector.h"

#include <algorithm>

#include <fmt/format.h>

#include "database/deadline.h"
#include "database/durable_wal.h"
#include "database/transaction.h"

namespace leat::service {
namespace {

constexpr std::size_t delivery_cost = 2;  // the records' views into a delivery take about as much as its bytes
constexpr auto ask_again_after = std::chrono::milliseconds(100);

// By itself: somebody else has the file, or there is no room.
bool passes(const Error& error) { return error.code == Code::no_space || error.code == Code::unavailable; }

std::string why_paused(const Error& error) {
  return error.code == Code::no_space ? paused_without_space(error) : "paused: " + error.what;
}

}  // namespace

struct Projector::Inbox {
  std::mutex mutex;
  std::vector<Arrival> arrivals;
  bool scheduled = false;
  platform::Executor* executor = nullptr;  // null: closed

  // Runs `task` on the projector's thread, unless that is gone.
  void post(Task task) {
    const std::lock_guard lock(mutex);
    if (executor) executor->post(std::move(task));
  }
  void put(Arrival arrival, Task apply) {
    const std::lock_guard lock(mutex);
    if (!executor) return;
    arrivals.push_back(std::move(arrival));
    if (!std::exchange(scheduled, true)) executor->post(std::move(apply));
  }
  std::vector<Arrival> take() {
    const std::lock_guard lock(mutex);
    scheduled = false;
    return std::exchange(arrivals, {});
  }
  void close() {
    const std::lock_guard lock(mutex);
    executor = nullptr;
  }
};

struct Projector::Failure {
  Error error;
  std::optional<std::pair<std::size_t, std::size_t>> record;  // (arrival, record); nothing: not the events' fault
};

Projector::Projector(Context context, const Options& options, std::shared_ptr<Generation> generation, Opened opened,
                     Settled settled)
    : context_(std::move(context)),
      options_(options),
      generation_(std::move(generation)),
      opened_(std::move(opened)),
      settled_(std::move(settled)),
      events_(context_.telemetry.metrics.counter(
          "leat_read_model_events_total", "Events a read model has taken in.",
          {{"service", context_.service}, {"read_model", generation_->plan().name}})),
      backoff_(options_.backoff_min, options_.backoff_max),
      inbox_(std::make_shared<Inbox>()),
      executor_(context_.platform.executors.open("project-" + context_.service + "." + generation_->plan().name, 1)) {
  inbox_->executor = executor_.get();
}

Projector::~Projector() {
  given_up_ = true;  // what it is at is rolled back, and done by whoever comes next
  inbox_->close();
  executor_.reset();
  readers_.clear();
  waits_.clear();
  generation_->progress().end();
  if (auto settled = std::exchange(settled_, nullptr))
    settled(fail(Code::conflict, generation_->plan().name + " was given up before it had caught up"));
}

void Projector::start() {
  executor_->post([this] { open(); });
}

void Projector::open() {
  auto opened = open_file();
  if (!opened && passes(opened.error())) {
    pause(opened.error(), [this] { open(); });
  } else if (opened) {
    go_on();
    ask_ends(0);
  } else {
    stop(opened.error().what);
  }
  if (auto tell = std::exchange(opened_, nullptr)) tell(std::move(opened));
}

Result<> Projector::open_file() {
  projection_.reset();
  positions_.reset();
  database::Options options;
  options.vfs = options_.vfs;
  options.synchronous = database::Synchronous::normal;
  options.wal_autocheckpoint_pages = options_.wal_pages_read_model;
  LEAT_CHECK(database::make_wal_durable(context_.platform.files, generation_->path()));
  LEAT_TRY(database_, database::Database::open(generation_->path(), options));
  LEAT_CHECK(PositionTable::make(*database_, generation_->plan()));
  LEAT_TRY(positions_, PositionTable::prepare(*database_));
  LEAT_TRY(projection_, Projection::prepare(*database_, generation_->plan()));
  LEAT_TRY(const auto reached, positions_->load(generation_->topics()));
  generation_->progress().advance(reached);
  return {};
}

// One topic after the other; then it is known what has to be applied before this generation may take over.
void Projector::ask_ends(std::size_t topic) {
  if (topic == generation_->topics().size()) return open_readers();
  context_.bus.ends(generation_->topics()[topic].id, [this, topic, inbox = inbox_](auto ends) {
    inbox->post([this, topic, ends = std::move(ends)] {
      if (!ends) return stop(ends.error().what);
      targets_.insert(targets_.end(), ends->begin(), ends->end());
      ask_ends(topic + 1);
    });
  });
}

void Projector::open_readers() {
  const auto reached = generation_->progress().positions();
  const auto& topics = generation_->topics();
  seen_end_.resize(topics.size());
  at_end_.assign(topics.size(), true);
  waits_.resize(topics.size());
  for (const auto& topic : topics) {
    std::vector<bus::Position> from;
    for (std::int32_t i = 0; i < topic.config.partitions; ++i) {
      const auto saved = std::find_if(reached.begin(), reached.end(), [&](const bus::Position& position) {
        return position.topic == topic.id && position.partition.value == i;
      });
      from.push_back(saved != reached.end()
                         ? *saved
                         : bus::Position{context_.bus.id(), topic.id, PartitionIndex{i}, Epoch{-1}, bus::start_of_log});
    }
    auto reader = context_.bus.open_reader(topic.id, std::move(from));
    if (!reader) return stop(reader.error().what);
    readers_.push_back(*std::move(reader));
  }
  for (std::size_t i = 0; i < readers_.size(); ++i) ask(i);
  look_whether_caught_up();
}

// One that has caught up, or may have, asks for little: it may wait for days, and holds its bytes meanwhile.
void Projector::ask(std::size_t topic) {
  if (!options_.budget) return ask(topic, options_.delivery_bytes, {});
  const std::size_t least = std::min(options_.delivery_tail_bytes, options_.delivery_bytes);
  for (std::size_t bytes = at_end_[topic] ? least : options_.delivery_bytes; bytes >= least; bytes /= 2) {
    if (auto lease = options_.budget->try_take(ByteUser::read_models, bytes * delivery_cost))
      return ask(topic, bytes, *std::move(lease));
  }
  ask_when_there_is_memory(topic, least);
}

void Projector::ask_when_there_is_memory(std::size_t topic, std::size_t bytes) {
  waits_[topic] = options_.budget->wait(ByteUser::read_models, bytes * delivery_cost,
                                        [this, topic, bytes, inbox = inbox_](ByteBudget::Lease lease) {
                                          inbox->post([this, topic, bytes, lease = std::move(lease)]() mutable {
                                            waits_[topic].reset();
                                            ask(topic, bytes, std::move(lease));
                                          });
                                        });
  if (waits_[topic]) return;
  executor_->post_after(ask_again_after, [this, topic] { ask(topic); });  // more wait than the queue holds
}

void Projector::ask(std::size_t topic, std::size_t bytes, ByteBudget::Lease lease) {
  auto shared = std::make_shared<ByteBudget::Lease>(std::move(lease));
  readers_[topic]->next(bytes, [this, topic, inbox = inbox_, lease = std::move(shared)](auto delivery) mutable {
    inbox->put({topic, std::move(delivery), std::move(lease)}, [this] { apply_waiting(); });
  });
}

void Projector::apply_waiting() {
  if (!held_.empty()) return;  // comes again when that is done
  auto arrivals = inbox_->take();
  if (stopped_ || arrivals.empty()) return;
  for (const auto& [topic, delivery, lease] : arrivals) {
    if (!delivery) return stop(fmt::format("topic {}: {}", generation_->topics()[topic].name, delivery.error().what));
    at_end_[topic] = delivery->at_end;
  }
  for (const auto& arrival : arrivals) ask(arrival.topic);
  apply(std::move(arrivals));
}

void Projector::apply(std::vector<Arrival> arrivals) {
  if (const auto failure = commit(arrivals)) {
    if (given_up_) return;
    if (failure->record) return keep_what_came_before(std::move(arrivals), *failure);
    if (may_be_tried_again(failure->error)) return hold(failure->error, std::move(arrivals));
    return stop(failure->error.what);
  }
  go_on();
  advance(arrivals);
  look_whether_caught_up();
}

std::optional<Projector::Failure> Projector::commit(const std::vector<Arrival>& arrivals) {
  auto outside = [](Error error) { return Failure{std::move(error), std::nullopt}; };
  if (options_.faults.position_outside_transaction) {
    auto early = database::Transaction::write(*database_);
    if (early) (void)store_positions(arrivals);
    if (early) (void)early->commit();
  }
  auto transaction = database::Transaction::write(*database_);
  if (!transaction) return outside(std::move(transaction).error());
  {
    const auto latest = context_.platform.clock.now() + options_.projection_time_max;
    const database::Deadline deadline(*database_, context_.platform.clock, latest, &given_up_);
    if (auto failure = apply_rows(arrivals)) return failure;
  }
  if (auto stored = store_positions(arrivals); !stored) return outside(std::move(stored).error());
  if (auto committed = transaction->commit(); !committed) return outside(std::move(committed).error());
  return std::nullopt;
}

std::optional<Projector::Failure> Projector::apply_rows(const std::vector<Arrival>& arrivals) {
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    auto applied = projection_->apply(arrivals[i].delivery->records);
    if (applied) continue;
    auto& [record, error] = applied.error();
    if (error.code == Code::timeout) error.what = "its statements took longer than they may (projection_time_max)";
    const bool its_fault = error.code == Code::invalid || error.code == Code::conflict ||
                           error.code == Code::too_large || error.code == Code::timeout;
    if (!its_fault) return Failure{std::move(error), std::nullopt};
    return Failure{std::move(error), std::pair{i, record}};
  }
  return std::nullopt;
}

Result<> Projector::store_positions(const std::vector<Arrival>& arrivals) {
  for (const auto& [topic, delivery, lease] : arrivals)
    LEAT_CHECK(positions_->store(generation_->topics()[topic], delivery->positions));
  return {};
}

// Everything up to the poisoned event is good: it is kept, so that the position tells exactly where it stopped.
void Projector::keep_what_came_before(std::vector<Arrival> arrivals, const Failure& failure) {
  const auto all = arrivals;
  const auto [arrival, record] = *failure.record;
  const auto topic = arrivals[arrival].topic;
  auto& delivery = *arrivals[arrival].delivery;
  const auto poisoned = delivery.records[record];
  arrivals.erase(arrivals.begin() + static_cast<std::ptrdiff_t>(arrival) + 1, arrivals.end());
  delivery.records.erase(delivery.records.begin() + static_cast<std::ptrdiff_t>(record), delivery.records.end());
  delivery.positions.clear();
  for (const auto& good : delivery.records) {
    std::erase_if(delivery.positions, [&](const bus::Position& p) { return p.partition == good.partition; });
    delivery.positions.push_back(
        {context_.bus.id(), generation_->topics()[topic].id, good.partition, Epoch{-1}, good.offset + std::int64_t{1}});
  }
  const auto failed = commit(arrivals);
  if (failed && may_be_tried_again(failed->error)) return hold(failed->error, all);
  if (!failed) advance(arrivals);
  stop(fmt::format("event at {}-{} offset {} cannot be applied: {}", generation_->topics()[topic].name,
                   poisoned.partition.value, poisoned.offset.value, failure.error.what));
}

// Not on a connection that has stopped after a failed flush: what that covered is unknown.
bool Projector::may_be_tried_again(const Error& error) const { return passes(error) && !database_->has_stopped(); }

// What the bus has brought stays as it came, and no more is asked for.
void Projector::hold(const Error& error, std::vector<Arrival> arrivals) {
  held_ = std::move(arrivals);
  pause(error, [this] {
    apply(std::exchange(held_, {}));
    apply_waiting();
  });
}

void Projector::pause(const Error& error, Task again) {
  if (!std::exchange(paused_, true))
    context_.telemetry.log.warn(
        "a read model is paused",
        {{"service", context_.service}, {"read_model", generation_->plan().name}, {"why", error}});
  generation_->set_paused(why_paused(error));
  generation_->tell(context_.telemetry.health, context_.service);
  executor_->post_after(backoff_.next(context_.platform.random), std::move(again));
}

void Projector::go_on() {
  if (!std::exchange(paused_, false)) return;
  backoff_.reset();
  generation_->set_resumed();
  generation_->tell(context_.telemetry.health, context_.service);
  context_.telemetry.log.info("a read model goes on",
                              {{"service", context_.service}, {"read_model", generation_->plan().name}});
}

void Projector::advance(const std::vector<Arrival>& arrivals) {
  std::int64_t last_ms = 0;
  for (const auto& [topic, delivery, lease] : arrivals) {
    seen_end_[topic] = seen_end_[topic] || delivery->at_end;
    events_.add(delivery->records.size());
    if (!delivery->records.empty()) last_ms = std::max(last_ms, delivery->records.back().timestamp_ms);
  }
  const bool at_end = std::all_of(arrivals.begin(), arrivals.end(), [](const auto& a) { return a.delivery->at_end; });
  generation_->set_applied(last_ms, at_end);
  for (const auto& [topic, delivery, lease] : arrivals) generation_->progress().advance(delivery->positions);
}

void Projector::look_whether_caught_up() {
  if (!settled_) return;
  const bool all_seen = std::all_of(seen_end_.begin(), seen_end_.end(), [](bool seen) { return seen; });
  if (!all_seen && !generation_->progress().reached(targets_)) return;
  generation_->set_live();
  generation_->tell(context_.telemetry.health, context_.service);
  std::exchange(settled_, nullptr)({});
}

void Projector::stop(std::string reason) {
  stopped_ = true;
  context_.telemetry.log.error(
      "a read model has stopped",
      {{"service", context_.service}, {"read_model", generation_->plan().name}, {"why", reason}});
  generation_->set_stopped(reason);
  // One that fills beside the current one troubles nobody when it stops.
  generation_->tell(context_.telemetry.health, context_.service);
  generation_->progress().end();
  if (auto settled = std::exchange(settled_, nullptr)) settled(fail(Code::unavailable, std::move(reason)));
}

}  // namespace leat::service
