// service/view.h — what the queries of a service see at one instant: a plan, and the generations it reads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/generation.h"
#include "service/plan.h"
#include "service/route_metrics.h"
#include "service/shape.h"

namespace leat::service {

// Never changed: a take-over puts another one in its place, so a query sees either all of the old or all of the new.
struct View {
  // Queries that use the same files share a connection.
  struct Group {
    bool uses_state = false;
    std::vector<std::shared_ptr<Generation>> read_models;
  };
  struct Query {
    const QueryPlan* plan;
    Shape shape;
    std::size_t group;
    std::unique_ptr<RouteMetrics> metrics;
  };

  std::shared_ptr<const ServicePlan> plan;
  std::string plan_hash;
  std::string state_path;
  std::vector<Group> groups;
  std::vector<Query> queries;
};

using Generations = std::map<std::string, std::shared_ptr<Generation>>;

std::shared_ptr<const View> make_view(std::shared_ptr<const ServicePlan>, std::string plan_hash, std::string state_path,
                                      const Generations&, telemetry::Metrics&);

}  // namespace leat::service
