#include "service/queries.h"

#include <fmt/format.h>

namespace leat::service {
namespace {

// Longer than a burst of small queries takes one reader, shorter than anybody notices.
constexpr auto watch_every = std::chrono::milliseconds(1);

// Above what a burst of the smallest queries keeps one reader busy: with two awake, each costs twice the CPU
// (measured).
constexpr double help_worth_ns = 300'000;

// What failed is the statement or came from the clock; the files are well, and opening them anew would cost every
// prepared statement.
bool spares_connection(const Error& error) {
  return error.code == Code::timeout || error.code == Code::invalid || error.code == Code::too_large;
}

}  // namespace

Queries::Queries(std::string service, platform::Platform platform, platform::Executor& timers,
                 telemetry::Telemetry telemetry, const Options& options)
    : service_(std::move(service)), platform_(platform), telemetry_(telemetry), options_(options), timers_(timers) {
  for (unsigned i = 0; i < options.query_threads; ++i) {
    idle_.push_back(i);
    readers_.emplace_back().executor = platform.executors.open(fmt::format("query-{}-{}", service_, i), 1);
  }
}

Queries::~Queries() {
  gate_->close();
  close();
  for (auto& reader : readers_) reader.executor.reset();
}

void Queries::submit(QueryJob job) {
  std::string_view refusal;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      refusal = "the service is stopping";
    } else if (queue_.size() >= options_.queries_waiting_max) {
      refusal = "too many queries are waiting";
    } else {
      job.number = ++last_number_;
      queue_.push_back(std::move(job));
      if (idle_.size() == readers_.size() || worth_help()) wake_one();
      watch_soon();
      return;
    }
  }
  refuse(job, refusal);
}

// Requires: the lock, and an idle reader.
void Queries::wake_one() {
  const auto reader = idle_.back();
  idle_.pop_back();
  readers_[reader].executor->post([this, reader] { serve(reader); });
}

// Requires: the lock.
bool Queries::worth_help() const {
  return !idle_.empty() && static_cast<double>(queue_.size()) * usual_ns_ > help_worth_ns;
}

// Requires: the lock.
void Queries::learn(Reader& reader, bool took) {
  const auto now = platform_.clock.now();
  if (reader.taken) usual_ns_ += (static_cast<double>((now - *reader.taken).count()) - usual_ns_) / 16;
  reader.taken = took ? std::optional(now) : std::nullopt;
}

// Requires: the lock.
void Queries::watch_soon() {
  if (std::exchange(watched_, true)) return;
  timers_.post_after(watch_every, [this, gate = gate_] { gate->enter([this] { watch(); }); });
}

// What was there the last time and still waits has met readers that are busy. Ends when nothing was asked since.
void Queries::watch() {
  const std::lock_guard lock(mutex_);
  watched_ = false;
  if (queue_.empty() && watched_up_to_ == last_number_) return;
  if (!queue_.empty() && queue_.front().number <= watched_up_to_ && !idle_.empty()) wake_one();
  watched_up_to_ = last_number_;
  watch_soon();
}

void Queries::refuse(QueryJob& job, std::string_view why) {
  auto response = http::problem(503, "The service cannot do this now", why);
  response.headers.add("Retry-After", "1");
  job.reply(std::move(response));
}

bool Queries::take(std::size_t reader, QueryJob& into) {
  const std::lock_guard lock(mutex_);
  learn(readers_[reader], !queue_.empty());
  if (queue_.empty()) {
    idle_.push_back(reader);
    return false;
  }
  into = std::move(queue_.front());
  queue_.pop_front();
  readers_[reader].newest = last_number_;
  return true;
}

void Queries::serve(std::size_t reader) {
  for (QueryJob job; take(reader, job);) answer(readers_[reader], job);
  finish(readers_[reader]);
  drop_outdated(readers_[reader]);
}

void Queries::show(std::shared_ptr<const View> view) {
  const std::lock_guard lock(mutex_);
  shown_ = std::move(view);
  for (auto& reader : readers_) reader.executor->post([this, &reader] { drop_outdated(reader); });
}

void Queries::drop_outdated(Reader& reader) {
  {
    const std::lock_guard lock(mutex_);
    if (reader.view == shown_) return;
  }
  finish(reader);
  reader.connections.clear();
  reader.view = nullptr;
}

void Queries::finish(Reader& reader) {
  if (reader.reading) reader.reading->finish();
  reader.reading = nullptr;
}

void Queries::answer(Reader& reader, QueryJob& job) {
  http::Response response;
  if (auto ran = run(reader, job)) {
    response = *std::move(ran);
    if (response.status == 500)
      telemetry_.log.error("a query failed by a mistake of its service",
                           {{"service", service_}, {"target", job.target}, {"problem", response.body}});
  } else {
    const auto& error = ran.error();
    response = http::problem(http::status_of(error.code), "The query failed", error.what);
    telemetry_.log.error("a query failed", {{"service", service_}, {"target", job.target}, {"why", error}});
    finish(reader);
    auto& connection = reader.connections[job.view->queries[job.index].group];
    if (connection && !(spares_connection(error) && connection->usable())) connection = nullptr;  // the next is fresh
  }
  const auto& query = job.view->queries[job.index];
  query.metrics->count(response.status, platform_.clock.now() - job.arrived);
  job.reply(std::move(response));
}

Result<http::Response> Queries::run(Reader& reader, const QueryJob& job) {
  if (job.deadline != platform::Instant{} && platform_.clock.now() > job.deadline)
    return fail(Code::timeout, "the request's time was over before it began");
  LEAT_TRY(auto* connection, this->connection(reader, job));
  // Whoever asked after the others began to read may have been told of something newer.
  if (connection != reader.reading || job.number > reader.covered) {
    finish(reader);
    LEAT_CHECK(connection->begin());
    reader.reading = connection;
    reader.covered = reader.newest;
  }
  return connection->run(job);
}

Result<QueryConnection*> Queries::connection(Reader& reader, const QueryJob& job) {
  if (reader.view != job.view) {
    finish(reader);
    reader.connections.clear();
    reader.view = job.view;
  }
  const auto group = job.view->queries[job.index].group;
  auto& connection = reader.connections[group];
  if (!connection) {
    LEAT_TRY(connection, QueryConnection::open(job.view, group, options_, platform_.clock));
  }
  return connection.get();
}

std::size_t Queries::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Queries::close() {
  std::deque<QueryJob> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(queue_);
  }
  for (auto& job : left) refuse(job, "the service is stopping");
}

}  // namespace leat::service
