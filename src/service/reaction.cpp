#include "service/reaction.h"

#include <fmt/format.h>

#include "service/answer_check.h"

namespace leat::service {
namespace {

std::unexpected<Rejection> reject(int status, std::string_view title, std::string_view detail) {
  return std::unexpected(Rejection{http::problem(status, title, detail), std::nullopt});
}

// What a failing statement means to the client. The constraint is the service's word to its clients, so it is told.
std::unexpected<Rejection> reject_statement(Error error) {
  switch (error.code) {
    case Code::conflict:
      return reject(409, "Contradicts what exists", error.what);
    case Code::invalid:
      return reject(422, "Breaks a rule of the service", error.what);
    case Code::too_large:
      return reject(413, "Too large", error.what);
    case Code::no_space:
    case Code::io:
    case Code::corrupt:
    case Code::unavailable:
    case Code::timeout:
    case Code::cancelled:
    case Code::fenced:
    case Code::history_lost:
    case Code::not_found:
      break;
  }
  auto response = http::problem(http::status_of(error.code), "The service cannot do this now", error.what);
  return std::unexpected(Rejection{std::move(response), std::move(error)});
}

StepRow first_row(const database::Statement& row) {
  StepRow out;
  for (int i = 0; i < row.columns(); ++i) out.columns.emplace_back(row.name(i), column_value(row, i));
  return out;
}

// Takes a Result or hands its error to the client.
#define LEAT_OR_REJECT(declaration, ...)                                                                         \
  auto&& LEAT_CONCAT(taken_, __LINE__) = (__VA_ARGS__);                                                          \
  if (!LEAT_CONCAT(taken_, __LINE__)) return reject_statement(std::move(LEAT_CONCAT(taken_, __LINE__)).error()); \
  declaration = *std::move(LEAT_CONCAT(taken_, __LINE__))

}  // namespace

Result<Reaction::Prepared> Reaction::prepare_one(database::Database& database, const StatementPlan& plan) {
  auto statement = database.prepare(plan.sql.numbered);
  if (!statement) return fail(Error(std::move(statement).error()).in(plan.sql.text));
  return Prepared{*std::move(statement), &plan};
}

Result<Reaction> Reaction::prepare(database::Database& database, const CommandPlan& plan, EmissionMax max) {
  Reaction out(plan, max);
  for (const auto& requirement : plan.require) {
    LEAT_TRY(auto prepared, prepare_one(database, requirement.select));
    out.require_.push_back(std::move(prepared));
  }
  if (plan.if_match) {
    LEAT_TRY(out.if_match_, prepare_one(database, plan.if_match->select));
  }
  for (const auto& step : plan.steps) {
    LEAT_TRY(auto prepared, prepare_one(database, step));
    out.steps_.push_back(std::move(prepared));
  }
  for (const auto& emission : plan.emit) {
    Prepared select;
    if (emission.select) {
      LEAT_TRY(select, prepare_one(database, *emission.select));
    }
    out.emit_.push_back({&emission, std::move(select), Shape(emission.payload)});
  }
  if (plan.answer) {
    LEAT_TRY(out.answer_, prepare_one(database, *plan.answer));
  }
  return out;
}

OrRejection<Effect> Reaction::run(Inputs inputs, const std::optional<EntityTags>& if_match) {
  Effect effect;
  effect.response.status = plan_->status;
  std::vector<StepRow> rows;
  if (auto done = check_requirements(inputs); !done) return std::unexpected(std::move(done).error());
  if (if_match && plan_->if_match) {
    if (auto done = check_version(inputs, *if_match); !done) return std::unexpected(std::move(done).error());
  }
  auto last = do_steps(inputs, rows, effect);
  if (!last) return std::unexpected(std::move(last).error());
  if (auto done = emit_selected(inputs, effect); !done) return std::unexpected(std::move(done).error());
  if (auto done = answer(inputs, *std::move(last), effect); !done) return std::unexpected(std::move(done).error());
  return effect;
}

OrRejection<> Reaction::check_requirements(const Inputs& inputs) {
  for (std::size_t i = 0; i < require_.size(); ++i) {
    auto& [statement, plan] = require_[i];
    if (auto bound = bind_sources(statement, plan->sources, inputs); !bound)
      return reject_statement(std::move(bound).error());
    LEAT_OR_REJECT(const bool row, statement.step());
    if (!row) return reject(plan_->require[i].status, plan_->require[i].message, "");
    statement.reset();
  }
  return {};
}

// What is not there has no version, so that If-Match: * means "if it is there".
OrRejection<> Reaction::check_version(const Inputs& inputs, const EntityTags& if_match) {
  auto& [statement, plan] = if_match_;
  if (auto bound = bind_sources(statement, plan->sources, inputs); !bound)
    return reject_statement(std::move(bound).error());
  LEAT_OR_REJECT(const bool row, statement.step());
  if (!row) return reject(412, "If-Match does not hold", "there is no such thing");
  const bool same = if_match.match(entity_tag(statement, 0));
  statement.reset();
  if (!same) return reject(412, "If-Match does not hold", "it has been changed since: read it again");
  return {};
}

OrRejection<Reaction::LastStep> Reaction::do_steps(Inputs& inputs, std::vector<StepRow>& rows, Effect& effect) {
  LastStep last;
  rows.reserve(steps_.size());  // inputs.steps points into it
  for (auto& step : steps_) {
    const bool is_last = &step == &steps_.back();
    StepRow row;
    auto done = do_step(step, inputs, row, is_last, effect);
    if (!done) return std::unexpected(std::move(done).error());
    if (is_last) last = *std::move(done);
    rows.push_back(std::move(row));
    inputs.steps = rows;
  }
  if (plan_->missing_row_is_not_found && last.rows == 0)
    return reject(404, "Not found", "there is no such thing to change");
  return last;
}

OrRejection<Reaction::LastStep> Reaction::do_step(Prepared& step, const Inputs& inputs, StepRow& first, bool is_last,
                                                  Effect& effect) {
  LastStep out;
  if (auto bound = bind_sources(step.statement, step.plan->sources, inputs); !bound)
    return reject_statement(std::move(bound).error());
  for (;;) {
    LEAT_OR_REJECT(const bool row, step.statement.step());
    if (!row) return out;
    if (out.rows++ == 0) {
      first = first_row(step.statement);
      if (is_last && plan_->shows_last_step) shape_.write(out.shown, step.statement);
    }
    if (!is_last) continue;
    for (auto& emission : emit_) {
      if (emission.plan->select) continue;
      if (auto done = emit(emission, step.statement, effect); !done) {
        step.statement.reset();
        return std::unexpected(std::move(done).error());
      }
    }
  }
}

OrRejection<> Reaction::emit_selected(const Inputs& inputs, Effect& effect) {
  for (auto& emission : emit_) {
    if (!emission.plan->select) continue;
    auto& statement = emission.select.statement;
    if (auto bound = bind_sources(statement, emission.select.plan->sources, inputs); !bound)
      return reject_statement(std::move(bound).error());
    for (;;) {
      LEAT_OR_REJECT(const bool row, statement.step());
      if (!row) break;
      if (auto done = emit(emission, statement, effect); !done) {
        statement.reset();
        return done;
      }
    }
  }
  return {};
}

OrRejection<> Reaction::emit(PreparedEmission& emission, const database::Statement& row, Effect& effect) {
  std::string payload;
  emission.payload.write(payload, row);
  effect.event_bytes += payload.size();
  if (effect.events.size() == max_.events || effect.event_bytes > max_.bytes)
    return reject(413, "The command makes too many events",
                  fmt::format("{} events of {} bytes are allowed (command_events_max, command_event_bytes_max)",
                              max_.events, max_.bytes));
  auto draft = draft_event(*emission.plan->event, std::move(payload));
  if (!draft) return reject(500, "The service made an event that it must not send", draft.error().what);
  effect.events.push_back(*std::move(draft));
  return {};
}

OrRejection<> Reaction::answer(const Inputs& inputs, LastStep last, Effect& effect) {
  std::string body = std::move(last.shown);
  if (plan_->answer) {
    if (auto bound = bind_sources(answer_.statement, answer_.plan->sources, inputs); !bound)
      return reject_statement(std::move(bound).error());
    LEAT_OR_REJECT(const bool row, answer_.statement.step());
    if (!row) return reject(404, "Not found", "there is nothing to answer with");
    shape_.write(body, answer_.statement);
    answer_.statement.reset();
  }
  if (!body.empty() && effect.response.status != 204) {
    if (auto broken = broken_promise(plan_->answer_schema.get(), body))
      return std::unexpected(Rejection{*std::move(broken), std::nullopt});
    effect.response.content_type = "application/json";
    effect.response.body = std::move(body);
  }
  return {};
}

#undef LEAT_OR_REJECT

}  // namespace leat::service
