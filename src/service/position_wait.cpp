#include "service/position_wait.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <tuple>

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

// Of several positions in one partition. Sorted afterwards.
void keep_furthest(std::vector<bus::Position>& positions) {
  const auto partition = [](const bus::Position& position) { return std::tie(position.topic, position.partition); };
  std::ranges::sort(positions, [&](const auto& a, const auto& b) {
    return partition(a) != partition(b) ? partition(a) < partition(b) : a.next > b.next;
  });
  const auto again = std::ranges::unique(positions, std::equal_to<>(), partition);
  positions.erase(again.begin(), again.end());
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
      LEAT_TRY(const auto token, parse_token(item));
      auto& number = out.tokens[token.first];
      number = std::max(number, token.second);
      if (out.tokens.size() > tokens_max) return fail(Code::invalid, "Leat-Position: too many tokens");
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
  keep_furthest(out.positions);
  return out;
}

void PositionWait::begin(Wanted wanted, std::vector<std::shared_ptr<Generation>> read_models,
                         std::shared_ptr<const Relays> relays, platform::Duration patience, platform::Executor& timers,
                         Go go) {
  if (wanted.tokens.empty()) {
    bool there = true;
    for (const auto& model : read_models) there = there && model->progress().reached(wanted.positions);
    if (there) return go(Waited::there);
  }
  const std::shared_ptr<PositionWait> wait(new PositionWait(std::move(wanted), std::move(read_models), std::move(go)));
  timers.post_after(patience, [weak = std::weak_ptr(wait)] {
    if (const auto self = weak.lock()) self->finish(Waited::late);
  });
  wait->resolve_tokens(relays);
}

void PositionWait::resolve_tokens(std::shared_ptr<const Relays> relays) {
  std::shared_ptr<Relay> relay;
  std::optional<std::uint64_t> number;
  {
    const std::lock_guard lock(mutex_);
    if (!wanted_.tokens.empty()) {
      const auto token = wanted_.tokens.extract(wanted_.tokens.begin());
      number = token.mapped();
      relay = relays->find(token.key());
      asked_ = relay;
    }
  }
  if (!number) return wait_for(0);
  if (!relay) return finish(Waited::late);
  relay->when_published(*number, this, [self = shared_from_this(), relays](auto positions) {
    if (!positions) return self->finish(Waited::late);
    self->add(*positions);
    self->resolve_tokens(relays);
  });
  if (finished()) relay->forget(this);
}

void PositionWait::add(const std::vector<bus::Position>& positions) {
  const std::lock_guard lock(mutex_);
  if (!go_) return;
  wanted_.positions.insert(wanted_.positions.end(), positions.begin(), positions.end());
  keep_furthest(wanted_.positions);
}

void PositionWait::wait_for(std::size_t read_model) {
  std::shared_ptr<Generation> generation;
  std::vector<bus::Position> needed;
  {
    const std::lock_guard lock(mutex_);
    if (!go_) return;
    if (read_model < read_models_.size()) generation = read_models_[read_model];
    if (generation) needed = wanted_.positions;
  }
  if (!generation) return finish(Waited::there);
  generation->progress().when_reached(std::move(needed), this, [self = shared_from_this(), read_model](bool reached) {
    reached ? self->wait_for(read_model + 1) : self->finish(Waited::ended);
  });
  if (finished()) generation->progress().forget(this);
}

bool PositionWait::finished() {
  const std::lock_guard lock(mutex_);
  return !go_;
}

void PositionWait::finish(Waited how) {
  Go go;
  Wanted wanted;                                         // nobody needs it any more
  std::vector<std::shared_ptr<Generation>> read_models;  // they may hold what holds this
  std::shared_ptr<Relay> relay;
  {
    const std::lock_guard lock(mutex_);
    go = std::exchange(go_, nullptr);
    std::swap(wanted, wanted_);
    read_models.swap(read_models_);
    relay = asked_.lock();
  }
  if (!go) return;
  if (relay) relay->forget(this);
  for (const auto& model : read_models) model->progress().forget(this);
  go(how);
}

}  // namespace leat::service
