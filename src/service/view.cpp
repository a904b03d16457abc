#include "service/view.h"

#include <utility>

namespace leat::service {

std::shared_ptr<const View> make_view(std::shared_ptr<const ServicePlan> plan, std::string plan_hash,
                                      std::string state_path, const Generations& generations,
                                      telemetry::Metrics& metrics) {
  auto view = std::make_shared<View>();
  view->plan = std::move(plan);
  view->plan_hash = std::move(plan_hash);
  view->state_path = std::move(state_path);
  std::map<std::pair<bool, std::vector<std::string>>, std::size_t> groups;
  for (const auto& query : view->plan->queries) {
    const auto [group, fresh] = groups.try_emplace({query.uses_state, query.read_models}, view->groups.size());
    if (fresh) {
      View::Group& made = view->groups.emplace_back();
      made.uses_state = query.uses_state;
      for (const auto& name : query.read_models) made.read_models.push_back(generations.at(name));
    }
    view->queries.push_back({&query, Shape(query.shape), group->second,
                             std::make_unique<RouteMetrics>(metrics, "query", view->plan->name, query.route)});
  }
  return view;
}

}  // namespace leat::service
