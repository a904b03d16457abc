#include "service/position_wait.h"

#include <charconv>

#include <fmt/format.h>

namespace leat::service {
namespace {

constexpr std::size_t tokens_max = 64;

// "outbox.<service>.<number>"
Result<std::pair<std::string, std::uint64_t>> parse_token(std::string_view text) {
  text.remove_prefix(std::string_view("outbox.").size());
  const auto dot = text.rfind('.');
  std::uint64_t number = 0;
  if (dot != std::string_view::npos) {
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + dot + 1, end, number);
    if (read.ec == std::errc{} && read.ptr == end) return std::pair{std::string(text.substr(0, dot)), number};
  }
  return fail(Code::invalid, "Leat-Position: an outbox token is outbox.<service>.<number>");
}

}  // namespace

Result<Wanted> parse_wanted(std::string_view header, const Uuid& bus) {
  Wanted out;
  std::string positions;
  for (auto rest = header; !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    auto item = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    if (item.starts_with("outbox.")) {
      if (out.tokens.size() == tokens_max) return fail(Code::invalid, "Leat-Position: too many tokens");
      LEAT_TRY(auto token, parse_token(item));
      out.tokens.push_back(std::move(token));
    } else {
      if (!positions.empty()) positions += ',';
      positions += item;
    }
  }
  auto parsed = bus::parse_positions(positions);
  if (!parsed) return fail(std::move(parsed).error().in("Leat-Position"));
  out.positions = *std::move(parsed);
  for (const auto& position : out.positions)
    if (position.bus != bus) return fail(Code::invalid, "Leat-Position: a position of another bus");
  return out;
}

void PositionWait::begin(Wanted wanted, std::vector<std::shared_ptr<Generation>> read_models,
                         std::shared_ptr<const Relays> relays, platform::Duration patience, platform::Executor& timers,
                         Go go) {
  if (wanted.tokens.empty()) {
    bool there = true;
    for (const auto& model : read_models) there = there && model->progress().reached(wanted.positions);
    if (there) return go(false);
  }
  const std::shared_ptr<PositionWait> wait(new PositionWait(std::move(wanted), std::move(read_models), std::move(go)));
  timers.post_after(patience, [wait] { wait->finish(true); });
  wait->resolve_tokens(relays);
}

void PositionWait::resolve_tokens(std::shared_ptr<const Relays> relays) {
  if (wanted_.tokens.empty()) return wait_for(0);
  const auto [service, number] = wanted_.tokens.back();
  wanted_.tokens.pop_back();
  const auto relay = relays->find(service);
  if (!relay) return finish(true);
  {
    const std::lock_guard lock(mutex_);
    asked_ = relay;
  }
  relay->when_published(number, this, [self = shared_from_this(), relays](auto positions) {
    if (!positions) return self->finish(true);
    self->wanted_.positions.insert(self->wanted_.positions.end(), positions->begin(), positions->end());
    self->resolve_tokens(relays);
  });
  if (finished()) relay->forget(this);
}

void PositionWait::wait_for(std::size_t read_model) {
  std::shared_ptr<Generation> generation;
  {
    const std::lock_guard lock(mutex_);
    if (!go_) return;
    if (read_model < read_models_.size()) generation = read_models_[read_model];
  }
  if (!generation) return finish(false);
  if (generation->progress().reached(wanted_.positions)) return wait_for(read_model + 1);
  if (generation->state().phase == Phase::stopped) return finish(true);
  generation->progress().when_reached(wanted_.positions, this,
                                      [self = shared_from_this(), read_model] { self->wait_for(read_model + 1); });
  if (finished()) generation->progress().forget(this);
}

bool PositionWait::finished() {
  const std::lock_guard lock(mutex_);
  return !go_;
}

void PositionWait::finish(bool stale) {
  Go go;
  std::vector<std::shared_ptr<Generation>> read_models;  // they may hold what holds this
  std::shared_ptr<Relay> relay;
  {
    const std::lock_guard lock(mutex_);
    go = std::exchange(go_, nullptr);
    read_models.swap(read_models_);
    relay = asked_.lock();
  }
  if (!go) return;
  if (relay) relay->forget(this);
  for (const auto& model : read_models) model->progress().forget(this);
  go(stale);
}

}  // namespace leat::service
