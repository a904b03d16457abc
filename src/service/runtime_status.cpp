// The part of System that tells how it is.
#include <algorithm>

#include "service/runtime_parts.h"

namespace leat::service {

struct System::Asking {
  std::vector<TopicId> left;
  std::vector<bus::Position> ends;
  Done<SystemStatus> done;
};

namespace {

std::int64_t events_behind(const Generation& generation, const std::vector<bus::Position>& ends) {
  std::int64_t behind = 0;
  for (const auto& end : ends) {
    const bool follows = std::any_of(generation.topics().begin(), generation.topics().end(),
                                     [&](const bus::Topic& topic) { return topic.id == end.topic; });
    if (follows) behind += std::max<std::int64_t>(end.next - generation.progress().at(end), 0);
  }
  return behind;
}

}  // namespace

void System::status(Done<SystemStatus> done) {
  mailbox_->post([this, done = std::move(done)]() mutable {
    auto asking = std::make_shared<Asking>();
    for (const auto& [name, topic] : topics_) asking->left.push_back(topic.id);
    asking->done = std::move(done);
    ask_next_end(std::move(asking));
  });
}

void System::ask_next_end(std::shared_ptr<Asking> asking) {
  if (!asking->left.empty()) {
    const auto topic = asking->left.back();
    asking->left.pop_back();
    return bus_.ends(topic, on_control([this, asking](Result<std::vector<bus::Position>> ends) {
                       if (ends) asking->ends.insert(asking->ends.end(), ends->begin(), ends->end());
                       ask_next_end(asking);
                     }));
  }
  SystemStatus out{plan_->name, {}};
  for (const auto& service : plan_->services) out.services.push_back(status_of(service.name, asking->ends));
  asking->done(std::move(out));
}

ServiceStatus System::status_of(const std::string& name, const std::vector<bus::Position>& ends) {
  const auto& slot = *slots_.at(name);
  if (!slot.service || !slot.open) return {name, false, slot.why, 0, 0, 0, {}};
  auto out = slot.service->status();
  const auto generations = slot.service->generations();
  for (std::size_t i = 0; i < generations.size(); ++i) {
    auto& model = out.read_models[i];
    model.lag_events = events_behind(*generations[i], ends);
    const auto last_ms = generations[i]->state().last_event_ms;
    if (model.lag_events > 0 && last_ms != 0)
      model.lag_seconds = static_cast<double>(std::max<std::int64_t>(platform_.clock.unix_ms() - last_ms, 0)) / 1000;
    slot.service->tell_lag(model.name, model.lag_events, model.lag_seconds);
  }
  return out;
}

}  // namespace leat::service
