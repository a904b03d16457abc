// telemetry/metrics.h — numbers about the running program, in Prometheus' words.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::telemetry {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Only grows. One relaxed atomic addition; safe from any thread.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down.
class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double by) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts observations by size. No lock: a render that runs beside an observation may miss it in one of its numbers.
class Histogram {
 public:
  // Requires: `bounds` rises.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value) noexcept;

  std::uint64_t count() const noexcept;
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }
  const std::vector<double>& bounds() const { return bounds_; }
  std::uint64_t in_bucket(std::size_t index) const { return counts_[index].load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;                            // upper ends; one more bucket is without end
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;  // one for each bucket, not cumulative
  std::atomic<double> sum_{0};
};

// Bounds for durations in seconds: 50 µs to 10 s.
std::vector<double> duration_buckets();
// Bounds for sizes of groups: 1 to 4096 by doubling.
std::vector<double> count_buckets();

// Takes a callback gauge out of the registry when it dies.
class [[nodiscard]] Registration {
 public:
  Registration() = default;
  explicit Registration(std::function<void()> undo) : undo_(std::move(undo)) {}
  Registration(Registration&& other) noexcept : undo_(std::exchange(other.undo_, nullptr)) {}
  Registration& operator=(Registration&& other) noexcept {
    std::swap(undo_, other.undo_);
    return *this;
  }
  ~Registration() {
    if (undo_) undo_();
  }

 private:
  std::function<void()> undo_;
};

// The registry. Asking twice for the same name and labels gives the same instrument, so a reload goes on counting.
// References stay valid as long as the registry lives. Look instruments up once, not for each event: looking up locks.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  // Requires: a name has one kind (and one `help`) everywhere; names match [a-zA-Z_:][a-zA-Z0-9_:]*.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, Labels labels, std::vector<double> bounds);
  // A gauge, or a counter, asked at each render, from the rendering thread. A second one of the same name and labels
  // replaces the first; a gauge() or counter() of the same name and labels would be a contradiction. The callback does
  // not run any more once the Registration is gone. Requires: the callback asks nothing of Metrics.
  Registration gauge_from(std::string_view name, std::string_view help, Labels labels, std::function<double()> ask);
  Registration counter_from(std::string_view name, std::string_view help, Labels labels, std::function<double()> ask);

  // Prometheus' text exposition format.
  std::string render() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace leat::telemetry
