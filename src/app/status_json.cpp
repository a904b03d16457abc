#include "app/status_json.h"

namespace leat::app {
namespace {

json::object to_json(const service::ReadModelStatus& model) {
  json::object out{{"name", model.name},
                   {"state", service::name(model.phase)},
                   {"lag_events", model.lag_events},
                   {"lag_seconds", model.lag_seconds},
                   {"replacement_fills", model.replacement_fills},
                   {"position", bus::to_text(model.positions)},
                   {"hash", model.hash}};
  if (!model.reason.empty()) out["why"] = model.reason;
  return out;
}

json::object to_json(const service::ServiceStatus& service) {
  json::array models;
  for (const auto& model : service.read_models) models.push_back(to_json(model));
  json::object out{{"name", service.name},
                   {"state", service.running ? "running" : "stopped"},
                   {"commands_waiting", service.commands_waiting},
                   {"queries_waiting", service.queries_waiting},
                   {"outbox", service.outbox_waiting},
                   {"read_models", std::move(models)}};
  if (!service.trouble.empty()) out["why"] = service.trouble;
  return out;
}

}  // namespace

json::object to_json(const service::SystemStatus& status) {
  json::array services;
  for (const auto& service : status.services) services.push_back(to_json(service));
  return {{"system", status.name}, {"services", std::move(services)}};
}

}  // namespace leat::app
