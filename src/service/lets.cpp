#include "service/lets.h"

namespace leat::service {

Lets::Lets(platform::Platform platform, const Options& options)
    : platform_(platform), options_(options), pool_(platform.executors.open("let", options.let_threads)) {}

void Lets::compute(Command command, Done<Command> next) {
  if (pool_->queued() >= options_.lets_waiting_max) {
    auto response = http::problem(503, "Overloaded", "too many slow functions are waiting");
    response.headers.add("Retry-After", "1");
    return command.reply(std::move(response));
  }
  pool_->post([this, command = std::move(command), next = std::move(next)]() mutable {
    if (command.deadline != platform::Instant{} && platform_.clock.now() > command.deadline)
      return command.reply(http::problem(503, "Too late", "the request's time was over before it began"));
    auto values = evaluate(command);
    if (!values) {
      const int status = values.error().code == Code::invalid ? 422 : http::status_of(values.error().code);
      return command.reply(http::problem(status, "A value could not be computed", values.error().what));
    }
    command.let = *std::move(values);
    next(std::move(command));
  });
}

Result<std::vector<Value>> Lets::evaluate(const Command& command) {
  LEAT_TRY(auto database, take_connection());
  database.set_now(platform_.clock.unix_ms());
  std::vector<Value> out;
  out.reserve(command.plan().let.size());  // inputs point into it
  for (const auto& let : command.plan().let) {
    LEAT_TRY(auto statement, database.prepare(let.select.sql.numbered, database::Prepare::once));
    auto inputs = command.inputs();
    inputs.let = out;
    LEAT_CHECK(bind_sources(statement, let.select.sources, inputs));
    LEAT_TRY(const bool row, statement.step());
    out.push_back(row ? column_value(statement, 0) : Value{});
  }
  give_back(std::move(database));
  return out;
}

Result<database::Database> Lets::take_connection() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto database = std::move(idle_.back());
      idle_.pop_back();
      return database;
    }
  }
  database::Options options;
  options.read_only = true;  // there is nothing to write
  options.password_cost = options_.password_cost;
  return database::Database::open(":memory:", options);
}

void Lets::give_back(database::Database database) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(database));
}

}  // namespace leat::service
