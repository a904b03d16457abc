// service/reaction.h — require, if_match, do, emit, answer: what a command does to the state, without knowing of queues
// or commits.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "database/database.h"
#include "http/http.h"
#include "service/emission.h"
#include "service/entity_tag.h"
#include "service/plan.h"
#include "service/shape.h"
#include "service/values.h"

namespace leat::service {

// Why a command was not done. With `fatal`, the database itself failed: the whole transaction is lost.
struct Rejection {
  http::Response response;
  std::optional<Error> fatal;
};

template <class T = void>
using OrRejection = std::expected<T, Rejection>;

struct Effect {
  http::Response response;  // of success, without its position
  std::vector<DraftEvent> events;
  std::size_t event_bytes = 0;  // of their payloads
};

// What one command may emit.
struct EmissionMax {
  std::size_t events, bytes;
};

// The statements of one command, prepared. The plan must outlive it, the connection too.
class Reaction {
 public:
  static Result<Reaction> prepare(database::Database&, const CommandPlan&, EmissionMax);

  // Requires: inside a savepoint, which the caller rolls back when this rejects.
  OrRejection<Effect> run(Inputs inputs, const std::optional<EntityTags>& if_match = std::nullopt);

 private:
  // A statement and what its rows turn into.
  struct Prepared {
    database::Statement statement;
    const StatementPlan* plan = nullptr;
  };
  struct PreparedEmission {
    const EmissionPlan* plan;
    Prepared select;  // empty: the rows of the last step
    Shape payload;
  };
  // What the last step's rows leave behind.
  struct LastStep {
    std::size_t rows = 0;
    std::string shown;  // its first row as JSON
  };

  Reaction(const CommandPlan& plan, EmissionMax max) : plan_(&plan), max_(max), shape_(plan.shape) {}
  static Result<Prepared> prepare_one(database::Database&, const StatementPlan&);

  OrRejection<> check_requirements(const Inputs&);
  OrRejection<> check_version(const Inputs&, const EntityTags& if_match);
  OrRejection<LastStep> do_steps(Inputs&, std::vector<StepRow>&, Effect&);
  OrRejection<LastStep> do_step(Prepared&, const Inputs&, StepRow&, bool last, Effect&);
  OrRejection<> emit_selected(const Inputs&, Effect&);
  OrRejection<> emit(PreparedEmission&, const database::Statement& row, Effect&);
  OrRejection<> answer(const Inputs&, LastStep, Effect&);

  const CommandPlan* plan_;
  EmissionMax max_;
  Shape shape_;
  std::vector<Prepared> require_, steps_;
  std::vector<PreparedEmission> emit_;
  Prepared if_match_, answer_;
};

}  // namespace leat::service
