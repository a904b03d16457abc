#include "app/process_metrics.h"

#include <string>

#include "platform/descriptors.h"

namespace leat::app {

ProcessMetrics::ProcessMetrics(telemetry::Metrics& metrics, const ByteBudget& budget) {
  registered_.push_back(metrics.gauge_from("leat_memory_budget_bytes", "What waits in memory may take.", {},
                                           [&budget] { return static_cast<double>(budget.total()); }));
  for (std::size_t i = 0; i < byte_user_count; ++i) add_user(metrics, budget, static_cast<ByteUser>(i));
  // Under the names that Prometheus' own libraries use.
  registered_.push_back(metrics.gauge_from("process_max_fds", "Descriptors that the process may have open.", {},
                                           [] { return static_cast<double>(platform::descriptor_limit()); }));
  registered_.push_back(metrics.gauge_from("process_open_fds", "Descriptors that the process has open.", {},
                                           [] { return static_cast<double>(platform::open_descriptors()); }));
}

void ProcessMetrics::add_user(telemetry::Metrics& metrics, const ByteBudget& budget, ByteUser user) {
  const telemetry::Labels labels{{"user", std::string(name(user))}};
  const auto ask = [&budget, user](auto member) {
    return [&budget, user, member] { return static_cast<double>(budget.usage(user).*member); };
  };
  registered_.push_back(metrics.gauge_from("leat_memory_leased_bytes", "Bytes of the memory budget in use.", labels,
                                           ask(&ByteBudget::Usage::leased)));
  registered_.push_back(metrics.gauge_from("leat_memory_waiting", "Who waits for bytes of the memory budget.", labels,
                                           ask(&ByteBudget::Usage::waiting)));
  registered_.push_back(metrics.counter_from("leat_memory_waits_total", "How often the memory budget was spent.",
                                             labels, ask(&ByteBudget::Usage::waits)));
  registered_.push_back(metrics.counter_from("leat_memory_sheds_total", "What was turned away for want of memory.",
                                             labels, ask(&ByteBudget::Usage::sheds)));
}

}  // namespace leat::app
