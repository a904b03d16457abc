// service/projection.h — events into rows: the `when` part of a read model.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "bus/bus.h"
#include "database/database.h"
#include "service/payload.h"
#include "service/plan.h"
#include "service/values.h"

namespace leat::service {

// The record that could not be applied, and why.
struct PoisonedRecord {
  std::size_t index;
  Error error;
};

// The prepared statements of one read model. The plan must outlive it, the connection too.
class Projection {
 public:
  static Result<std::unique_ptr<Projection>> prepare(database::Database&, const ReadModelPlan&);

  // Applies the records of one topic in order, leaving out those whose effect a later one overwrites. Requires: in a
  // transaction, which the caller rolls back when this fails.
  std::expected<void, PoisonedRecord> apply(const std::vector<bus::Delivered>& records);

 private:
  struct When {
    const ReadModelPlan::When* plan;
    std::string_view event;
    std::vector<std::pair<database::Statement, const StatementPlan*>> statements;
    std::vector<std::string> required;  // attributes that the schema demands and a statement uses
    bool uses_event = false;
  };

  Projection() = default;
  const When* find(const bus::Delivered&) const;
  void leave_out_overwritten(const std::vector<bus::Delivered>&);
  Result<> apply_one(When&, const bus::Delivered&);

  std::vector<When> whens_;
  bool collapses_ = false;
  std::vector<When*> todo_;  // for each record; null: nothing to do
  boost::unordered_flat_map<std::string_view, const When*> next_of_key_;
  Payload payload_;
};

}  // namespace leat::service
