#include "broker/sources.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

namespace leat::broker {
namespace {

constexpr std::size_t name_bytes_max = 249;
constexpr std::size_t opening_max = 64;  // that wait for one source

Result<> check_source_name(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '/'; };
  if (!name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, fits)) return {};
  return fail(Code::invalid, fmt::format("'{}' is no source name; 1 to {} letters, digits, '.', '_', '-' and '/' are",
                                         name.substr(0, name_bytes_max), name_bytes_max));
}

}  // namespace

Sources::Sources(log::Log& log, platform::Clock& clock, InternalPartition& records, std::shared_ptr<Gate> gate,
                 std::size_t sources_max)
    : log_(log), clock_(clock), records_(records), sources_max_(sources_max), gate_(std::move(gate)) {}

Result<> Sources::read() {
  return records_.read([this](std::string_view name, std::optional<std::string_view> value) -> Result<> {
    if (!value) {
      states_.erase(std::string(name));
      return {};
    }
    LEAT_TRY(const Progress progress, decode_progress(*value));
    State& state = states_[std::string(name)];
    state.progress = progress;
    state.epoch = progress.epoch;
    return {};
  });
}

void Sources::open(const std::string& source, Done<Result<Holder>> done) {
  if (auto fits = check_source_name(source); !fits) return done(fail(std::move(fits).error()));
  std::unique_lock lock(mutex_);
  if (states_.size() >= sources_max_ && !states_.contains(source)) {
    lock.unlock();
    return done(fail(Code::too_large, fmt::format("there are {} sources already (sources_max)", sources_max_)));
  }
  State& state = states_[source];
  if (state.opening.size() >= opening_max) {
    lock.unlock();
    return done(fail(Code::unavailable, fmt::format("source {} is being opened {} times", source, opening_max)));
  }
  Opening opening{++state.epoch, std::move(done)};  // from here on the holder before is fenced
  if (std::exchange(state.appending, true)) {
    state.opening.push_back(std::move(opening));
    return;
  }
  const std::uint64_t last = state.progress.last;
  lock.unlock();
  hand_over(source, std::move(opening), last);
}

void Sources::hand_over(const std::string& source, Opening opening, std::uint64_t last) {
  const Progress progress{opening.epoch, last};
  auto part = records_.put(source, encode_progress(progress), clock_.unix_ms());
  const std::uint64_t bytes = part.batches.size();
  std::vector<log::Part> parts;
  parts.push_back(std::move(part));
  auto decided = [this, source, progress, bytes](const auto& outcome) {
    settle(source, progress, outcome ? std::optional(bytes) : std::nullopt);
  };
  auto answered = [source, progress, done = std::move(opening.done)](auto outcome) mutable {
    if (!outcome) return done(fail(std::move(outcome).error().in("opening source " + source)));
    done(Holder{source, progress.epoch, progress.last});
  };
  log_.append(std::move(parts), std::move(answered), through(gate_, std::move(decided)));
}

// One append of the source is decided; whoever waits to open it is next.
void Sources::settle(const std::string& source, Progress written, std::optional<std::uint64_t> durable_bytes) {
  if (durable_bytes) records_.written(*durable_bytes);
  std::unique_lock lock(mutex_);
  State& state = states_.find(source)->second;
  if (durable_bytes) state.progress = written;
  if (state.opening.empty()) {
    state.appending = false;
    return;
  }
  Opening next = std::move(state.opening.front());
  state.opening.pop_front();
  const std::uint64_t last = state.progress.last;
  lock.unlock();
  hand_over(source, std::move(next), last);
}

Result<> Sources::admit(const Holder& holder, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  State& state = states_.find(holder.source)->second;
  if (state.epoch != holder.epoch)
    return fail(Code::fenced,
                fmt::format("source {} was opened again: epoch {} of {}", holder.source, holder.epoch, state.epoch));
  if (number <= state.progress.last)
    return fail(Code::invalid, fmt::format("source {}: number {} is not above the last one published, {}",
                                           holder.source, number, state.progress.last));
  LEAT_ASSERT(!state.appending);
  state.appending = true;
  return {};
}

Result<> Sources::publish(const Holder& holder, std::uint64_t number, std::vector<log::Part> parts,
                          Done<Result<std::vector<log::Appended>>> done, log::Decided decided) {
  LEAT_CHECK(admit(holder, number));
  const Progress progress{holder.epoch, number};
  parts.push_back(records_.put(holder.source, encode_progress(progress), clock_.unix_ms()));
  const std::uint64_t bytes = parts.back().batches.size();
  auto settled = [this, source = holder.source, progress, bytes,
                  next = std::move(decided)](const auto& outcome) mutable {
    settle(source, progress, outcome ? std::optional(bytes) : std::nullopt);
    next(outcome);
  };
  auto answered = [done = std::move(done)](auto outcome) mutable {
    if (outcome) outcome->pop_back();  // the progress record's place is nobody's business
    done(std::move(outcome));
  };
  log_.append(std::move(parts), std::move(answered), through(gate_, std::move(settled)));
  return {};
}

}  // namespace leat::broker
