#include "telemetry/metrics.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <variant>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "base/result.h"

namespace leat::telemetry {
namespace {

struct Asked {
  std::function<double()> ask;
  std::uint64_t ticket;  // tells a Registration whether this is still its own callback
};

using Instrument = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>, Asked>;

// A place that nobody has asked for yet.
bool is_fresh(const Instrument& instrument) {
  auto* first = std::get_if<std::unique_ptr<Counter>>(&instrument);
  return first && !*first;
}

struct Family {
  std::string help;
  prometheus::MetricType type;
  std::map<Labels, Instrument> members;
};

void collect(const Counter& counter, prometheus::ClientMetric& into) {
  into.counter.value = static_cast<double>(counter.value());
}

void collect(const Gauge& gauge, prometheus::ClientMetric& into) { into.gauge.value = gauge.value(); }

void collect(const Histogram& histogram, prometheus::ClientMetric& into) {
  std::uint64_t below = 0;
  const auto& bounds = histogram.bounds();
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    below += histogram.in_bucket(i);
    into.histogram.bucket.push_back(
        {.cumulative_count = below, .upper_bound = i < bounds.size() ? bounds[i] : HUGE_VAL});
  }
  into.histogram.sample_count = below;
  into.histogram.sample_sum = histogram.sum();
}

void collect(const Instrument& instrument, prometheus::ClientMetric& into) {
  if (auto* asked = std::get_if<Asked>(&instrument)) {
    into.gauge.value = into.counter.value = asked->ask();  // the family's kind tells which is shown
  } else if (auto* counter = std::get_if<std::unique_ptr<Counter>>(&instrument)) {
    collect(**counter, into);
  } else if (auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&instrument)) {
    collect(**gauge, into);
  } else {
    collect(*std::get<std::unique_ptr<Histogram>>(instrument), into);
  }
}

prometheus::MetricFamily collect(const std::string& name, const Family& family) {
  prometheus::MetricFamily out{name, family.help, family.type, {}};
  for (const auto& [labels, instrument] : family.members) {
    prometheus::ClientMetric& metric = out.metric.emplace_back();
    for (const auto& [key, value] : labels) metric.label.push_back({key, value});
    collect(instrument, metric);
  }
  return out;
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {
  LEAT_ASSERT(std::ranges::is_sorted(bounds_));
}

void Histogram::observe(double value) noexcept {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) all += in_bucket(i);
  return all;
}

std::vector<double> duration_buckets() {
  return {.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
}

std::vector<double> count_buckets() { return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}; }

struct Metrics::State {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
  std::uint64_t next_ticket = 0;

  // Finds or makes the place for an instrument. Requires: the mutex is held.
  Instrument& place(std::string_view name, std::string_view help, prometheus::MetricType type, Labels labels) {
    std::ranges::sort(labels);
    auto [family, fresh] = families.try_emplace(std::string(name), Family{std::string(help), type, {}});
    LEAT_ASSERT(family->second.type == type);
    return family->second.members[std::move(labels)];
  }

  template <class T, class... Args>
  T& instrument(std::string_view name, std::string_view help, prometheus::MetricType type, Labels labels,
                Args&&... args) {
    const std::lock_guard lock(mutex);
    Instrument& found = place(name, help, type, std::move(labels));
    auto* held = std::get_if<std::unique_ptr<T>>(&found);
    LEAT_ASSERT(held || is_fresh(found));
    if (!held || !*held) held = &found.emplace<std::unique_ptr<T>>(std::make_unique<T>(std::forward<Args>(args)...));
    return **held;
  }

  static Registration add_asked(const std::shared_ptr<State>&, std::string_view name, std::string_view help,
                                prometheus::MetricType, Labels, std::function<double()> ask);

  void remove(const std::string& name, const Labels& labels, std::uint64_t ticket) {
    const std::lock_guard lock(mutex);
    auto family = families.find(name);
    if (family == families.end()) return;
    auto member = family->second.members.find(labels);
    if (member == family->second.members.end()) return;
    auto* asked = std::get_if<Asked>(&member->second);
    if (!asked || asked->ticket != ticket) return;
    family->second.members.erase(member);
    if (family->second.members.empty()) families.erase(family);
  }
};

Metrics::Metrics() : state_(std::make_shared<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  return state_->instrument<Counter>(name, help, prometheus::MetricType::Counter, std::move(labels));
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  return state_->instrument<Gauge>(name, help, prometheus::MetricType::Gauge, std::move(labels));
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, Labels labels, std::vector<double> bounds) {
  return state_->instrument<Histogram>(name, help, prometheus::MetricType::Histogram, std::move(labels),
                                       std::move(bounds));
}

Registration Metrics::gauge_from(std::string_view name, std::string_view help, Labels labels,
                                 std::function<double()> ask) {
  return State::add_asked(state_, name, help, prometheus::MetricType::Gauge, std::move(labels), std::move(ask));
}

Registration Metrics::counter_from(std::string_view name, std::string_view help, Labels labels,
                                   std::function<double()> ask) {
  return State::add_asked(state_, name, help, prometheus::MetricType::Counter, std::move(labels), std::move(ask));
}

Registration Metrics::State::add_asked(const std::shared_ptr<State>& state, std::string_view name,
                                       std::string_view help, prometheus::MetricType type, Labels labels,
                                       std::function<double()> ask) {
  std::ranges::sort(labels);
  const std::lock_guard lock(state->mutex);
  const std::uint64_t ticket = ++state->next_ticket;
  Instrument& place = state->place(name, help, type, labels);
  LEAT_ASSERT(std::holds_alternative<Asked>(place) || is_fresh(place));  // somebody may hold the other's address
  place = Asked{std::move(ask), ticket};
  return Registration([weak = std::weak_ptr(state), name = std::string(name), labels = std::move(labels), ticket] {
    if (auto state = weak.lock()) state->remove(name, labels, ticket);
  });
}

std::string Metrics::render() const {
  std::vector<prometheus::MetricFamily> families;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [name, family] : state_->families) families.push_back(collect(name, family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace leat::telemetry
