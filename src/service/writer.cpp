#include "service/writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "database/transaction.h"
#include "service/writer_batch.h"

namespace leat::service {

Writer::Writer(Context context, const Options& options, std::shared_ptr<const ServicePlan> plan)
    : context_(std::move(context)),
      options_(options),
      numbers_(std::make_shared<Numbers>(context_.telemetry.metrics, context_.service, plan)),
      plan_(std::move(plan)),
      backoff_(options_.backoff_min, options_.backoff_max),
      executor_(context_.platform.executors.open("write-" + context_.service, 1)) {}

Writer::~Writer() {
  stopping_ = given_up_ = true;
  executor_.reset();
}

void Writer::open(std::uint64_t last_published, Done<Result<Opened>> done) {
  executor_->post([this, last_published, done = std::move(done)]() mutable { done(open_now(last_published)); });
}

Result<Writer::Opened> Writer::open_now(std::uint64_t last_published) {
  last_number_ = forgotten_ = last_published;
  LEAT_CHECK(reopen());
  LEAT_TRY(const auto last, outbox_->last_number());
  LEAT_TRY(auto rows, outbox_->load(last_published));
  LEAT_CHECK(check_same_age(last_published, last, rows));
  if (!rows.empty()) last_number_ = rows.back().number;
  opened_ = true;
  return Opened{state_->identity, std::move(rows)};
}

// Numbers have no gaps, and a row goes only when it is on the bus: what is missing between what the bus has and the
// first row was published to a bus that was newer than this one.
Result<> Writer::check_same_age(std::uint64_t published, std::uint64_t last, const std::vector<OutboxRow>& rows) const {
  if (last < published)
    return fail(Code::conflict, fmt::format("{} is older than what the bus has of {}: event {} was published, but the "
                                            "state knows only {}; restore the newer state",
                                            context_.path, context_.service, published, last));
  if (last == published || (!rows.empty() && rows.front().number == published + 1)) return {};
  const auto gone = rows.empty() ? last : rows.front().number - 1;
  return fail(Code::conflict,
              fmt::format("the log is older than {}: events {} to {} of {} were published, and the log does not have "
                          "them; restore the newer log, or log and state of the same backup",
                          context_.path, published + 1, gone, context_.service));
}

void Writer::submit(Command command) {
  std::string refusal;
  {
    const std::lock_guard lock(mutex_);
    if (draining_) {
      refusal = "the service is stopping";
    } else if (queue_.size() >= options_.commands_waiting_max) {
      refusal = "too many commands are waiting";
    } else {
      queue_.push_back(std::move(command));
      if (std::exchange(scheduled_, true)) return;
    }
  }
  if (!refusal.empty()) return answer(command, overloaded(refusal));
  wake();
}

void Writer::wake() {
  executor_->post([this] { run(); });
}

std::vector<Command> Writer::take() {
  const std::lock_guard lock(mutex_);
  const auto count = std::min(queue_.size(), options_.commands_batch_max);
  std::vector<Command> out(std::make_move_iterator(queue_.begin()),
                           std::make_move_iterator(queue_.begin() + static_cast<std::ptrdiff_t>(count)));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  return out;
}

void Writer::run() {
  if (held_plan_ && !draining()) return;  // comes again when that is decided
  let_go();
  if (auto commands = take(); !commands.empty()) execute(std::move(commands));
  Task drained;
  {
    const std::lock_guard lock(mutex_);
    scheduled_ = !queue_.empty();
    if (draining_ && !scheduled_) drained = std::move(drained_);
    if (scheduled_) wake();
  }
  if (drained) drained();
}

void Writer::drain(Task done) {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  drain_until_ = context_.platform.clock.now() + options_.command_time_max;
  stopping_ = true;
  drained_ = std::move(done);
  scheduled_ = true;
  wake();
}

void Writer::adopt(std::shared_ptr<const ServicePlan> plan) {
  plan_ = std::move(plan);
  reactions_.clear();
  reactions_.resize(plan_->commands.size());
  auto numbers = std::make_shared<Numbers>(context_.telemetry.metrics, context_.service, plan_);
  const std::lock_guard lock(mutex_);
  numbers_ = std::move(numbers);
}

Result<> Writer::ensure_open() {
  LEAT_ASSERT(opened_);
  if (state_) return {};
  LEAT_CHECK(reopen());
  // A commit whose flush failed may have survived: what it says has to be told as well.
  LEAT_TRY(auto rows, outbox_->load(last_number_));
  if (!rows.empty()) {
    last_number_ = rows.back().number;
    context_.relay->take(std::move(rows), {});
  }
  return {};
}

Result<> Writer::reopen() {
  drop_connection();
  database::Options options;
  options.vfs = options_.vfs;
  options.wal_autocheckpoint_pages = options_.wal_pages_state;
  options.password_cost = options_.password_cost;
  LEAT_TRY(auto state, open_state(context_.path, options, plan_->state, context_.platform, &stopping_));
  state_.emplace(std::move(state));
  auto prepared = [&]() -> Result<> {
    LEAT_TRY(outbox_, Outbox::prepare(state_->database));
    LEAT_TRY(answers_, Answers::prepare(state_->database, options_.answers));
    LEAT_TRY(const auto held, answers_->held());
    numbers_->show(held);
    LEAT_TRY(next_version_, state_->database.prepare("update leat_meta set version = version + 1"));
    return {};
  }();
  reactions_.resize(plan_->commands.size());
  if (!prepared) state_.reset();
  return prepared;
}

std::size_t Writer::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

}  // namespace leat::service
